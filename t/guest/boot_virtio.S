/*
 * From a multiboot loader (Multiboot 0.6.96, section 3: 32 bits, no paging, EBX the information) to 64 bits:
 * the first GiB is mapped as it is. The loader goes by these addresses, not by the ELF headers, which say
 * 64 bits, as Solo5's own do.
 */
	.section .multiboot, "ax"
	.align 4
header:	.long 0x1badb002
	.long 0x00010003		/* whole pages, memory sizes, addresses follow */
	.long -(0x1badb002 + 0x00010003)
	.long header
	.long 0x100000
	.long _edata
	.long _end
	.long start

	.text
	.code32
start:	cld
	movl $stack_end, %esp
	movl $pages_2 + 3, pages_4	/* present, writable */
	movl $pages_1 + 3, pages_2
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $21, %eax
	orl $0x83, %eax			/* and 2 MiB large */
	movl %eax, pages_1(,%ecx,8)
	incl %ecx
	cmpl $512, %ecx
	jb 1b

	movl $pages_4, %eax
	movl %eax, %cr3
	movl $0x20, %eax		/* PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx		/* EFER: long mode */
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80000000, %eax		/* paging */
	movl %eax, %cr0
	lgdt traps_segments_pointer
	ljmp $8, $2f

	.code64
2:	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %ebx, %edi
	call platform_start

	/* the timer's interrupt: counts, and tells the controller that it was seen */
	.globl tick
tick:	pushq %rax
	incq ticks
	movb $0x20, %al
	outb %al, $0x20
	popq %rax
	iretq

	/* what the ELF header names; nobody loads it by that */
	.globl _start
_start:	jmp _start

	.bss
	.align 4096
pages_4: .space 4096
pages_2: .space 4096
pages_1: .space 4096
	.space 65536
stack_end:

	.section .note.GNU-stack, "", @progbits
