/*
 * Where loaders enter: 32 bits, no paging, segments that begin at 0, whichever of them it was.
 *
 *   Xen and QEMU   the note says where (XEN_ELFNOTE_PHYS32_ENTRY of Xen's public/elfnote.h); EBX is the
 *                  address of a struct hvm_start_info (public/arch-x86/hvm/start_info.h)
 *   GRUB           the ELF header says where; EBX is the address of the information of Multiboot 0.6.96,
 *                  section 3.3
 *
 * link.ld says why the multiboot header is where it is.
 */
	.file "start.S"			/* else it would be a temporary file's name */

	.section .note.Xen, "a", @note
	.align 4
	.long 4				/* bytes of the name */
	.long 4				/* bytes of the address */
	.long 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start_pvh

	.section .multiboot, "a"
	.align 4
	.long 0x1badb002
	.long 0x00000003		/* modules at whole pages; the memory's size is wanted */
	.long -(0x1badb002 + 0x00000003)

	.text
	.globl start_pvh, start_multiboot
start_pvh:
	movl $0, %edx
	jmp 1f
start_multiboot:
	movl $1, %edx
1:	cli
	cld
	movl $stack_end, %esp
	lgdt segments_pointer
	ljmp $8, $2f
2:	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %ebp, %ebp			/* here, a debugger's backtrace ends */
	subl $8, %esp			/* aligned to 16 bytes below the two arguments */
	pushl %ebx
	pushl %edx
	call guest_start

	/* Exceptions: some put a code on the stack, in front of where it was; the others get one. */
	.macro trap number
	.align 16
	.if (0x60227d00 >> \number) & 1 == 0
	pushl $0
	.endif
	pushl $\number
	jmp trapped
	.endm

	.globl traps
	.align 16
traps:	.set number, 0
	.rept 32
	trap number
	.set number, number + 1
	.endr

trapped:
	cld
	call guest_trapped

	/* Interrupts of the PC: all there is to do is to have come out of a hlt, and to count time. */
	.align 16
	.globl interrupt_timer, interrupt_other
interrupt_timer:
	addl $1, pc_ticks
interrupt_other:
	pushl %eax
	movb $0x20, %al			/* seen, for the first of the two controllers */
	outb %al, $0x20
	popl %eax
	iret

	.section .rodata
	.align 8
segments:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 8: code */
	.quad 0x00cf93000000ffff	/* 16: data */
segments_pointer:
	.word . - segments - 1
	.long segments

	.bss
	.align 16
	.space 16384
stack_end:

	.section .note.GNU-stack, "", @progbits
