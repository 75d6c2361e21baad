#include "render/runcommand.h"

#include "core/shell.h"
#include "render/domaincommand.h"
#include "tap.h"

static struct fault fault;

/* The command for a record, given as KEY=VALUE words; "-" in front of an argument of the unikernel.
 */
static void command(struct runcommand r, const char *const *fields, const char *expected)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct strv settings A_CLEANUP(strv_free) = {0}, arguments A_CLEANUP(strv_free) = {0};
	struct strv none A_CLEANUP(strv_free) = {0}, words A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	size_t program = 0;

	for (; *fields; fields++)
		strv_add(
		    (*fields)[0] == '-' ? &arguments : &settings, *fields + ((*fields)[0] == '-'));
	ok(rec_apply(&record, &settings, &fault) == 0, "the record is one");
	r.record = &record;
	r.arguments = &arguments;
	r.published = r.published ? r.published : &none;
	r.program = "./x";
	ok(runcommand(&r, &words, &program, &fault) == 0, "has a command");
	shell_command(&text, &words);
	is_str(buf_str(&text), expected, "this");
	ok(program < words.count && !strcmp(words.items[program], "./x"), "the program is found");
}

#define RECORD(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static void test_plain(void)
{
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=unix-socket", "arg=one", "-two words"), "./x one 'two words'");
	/* a program of this system takes none of these */
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=unix-socket", "net.a.host=10.0.0.1/24", "memory=3"), "./x");
}

static void test_direct(void)
{
	struct strv published A_CLEANUP(strv_free) = {0};

	strv_add(&published, "80:80");
	command(
	    (struct runcommand){.rootless = false}, RECORD("name=x", "target=unix-direct"), "./x");
	command((struct runcommand){.rootless = true, .published = &published},
	    RECORD("name=x", "target=unix-direct"),
	    "mirari-tap exec --rootless --set 'name=x' '--publish=80:80' -- ./x");
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=unix-direct", "ip.address=10.0.0.2", "memory=3", "switch=s",
		"net.a.host=10.0.0.1/24", "net.a.publish=1:2", "net.b.bridge=br0", "-a"),
	    "mirari-tap exec --set 'name=x' --set 'ip.address=10.0.0.2' --set "
	    "'net.a.host=10.0.0.1/24' --set 'net.a.publish=1:2' --set 'net.b.bridge=br0' -- ./x a");
}

static void test_solo5(void)
{
	struct strv supervise A_CLEANUP(strv_free) = {0};

	command((struct runcommand){.rootless = false}, RECORD("name=x", "target=hvt"),
	    "mirari-solo5 run ./x");
	command((struct runcommand){.tender = "/t"},
	    RECORD("name=x", "target=spt", "memory=64", "switch=s", "arg=-a", "block.d.path=disk",
		"block.d.size=1M", "block.e.path=/abs", "config.dir=/p"),
	    "mirari-solo5 run '--tender=/t' '--memory=64' '--block=d=/p/disk' "
	    "'--set=block.d.size=1M' '--block=e=/abs' ./x -- -a");
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=virtio", "switch=s"), "mirari-solo5 run '--set=switch=s' ./x");
	strv_list(&supervise, "--record", "--name=x");
	command((struct runcommand){.supervise = &supervise, .tools = "/bin"},
	    RECORD("name=x", "target=hvt", "net.a.host=10.0.0.1/24", "net.a.mac=02:00:00:00:00:01",
		"--v"),
	    "/bin/mirari-tap exec --set 'name=x' --set 'net.a.host=10.0.0.1/24' --set "
	    "'net.a.mac=02:00:00:00:00:01' -- /bin/mirari-supervise --record '--name=x' -- "
	    "/bin/mirari-solo5 run '--net=a=%{tap:a}' '--mac=a=02:00:00:00:00:01' ./x -- -v");
}

static void test_domain(void)
{
	struct strv supervise A_CLEANUP(strv_free) = {0}, published A_CLEANUP(strv_free) = {0};

	strv_add(&supervise, "--record");
	strv_add(&published, "80:80");
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=xen", "deploy=local", "memory=64", "xl.on_crash=\"preserve\"",
		"net.a.bridge=br0", "block.d.path=disk", "config.dir=/p", "depends=lwt",
		"arg=--a b"),
	    "mirari-xl run '--set=name=x' '--set=memory=64' '--set=xl.on_crash=\"preserve\"' "
	    "'--set=net.a.bridge=br0' '--set=block.d.path=/p/disk' ./x -- '--a b'");
	command((struct runcommand){.supervise = &supervise, .tools = "/bin"},
	    RECORD("name=x", "target=xen", "net.a.host=10.0.0.1/24", "net.a.bridge=br0"),
	    "/bin/mirari-supervise --record -- /bin/mirari-tap bridge '--set=name=x' "
	    "'--set=net.a.host=10.0.0.1/24' '--set=net.a.bridge=br0' -- /bin/mirari-xl run "
	    "'--set=name=x' '--set=net.a.host=10.0.0.1/24' '--set=net.a.bridge=br0' ./x");
	command((struct runcommand){.check = true},
	    RECORD("name=x", "target=xen", "deploy=ssh://h", "block.d.path=disk", "config.dir=/p",
		"ssh.config=c"),
	    "mirari-xl run --dry-run --quiet '--set=name=x' '--set=deploy=ssh://h' "
	    "'--set=block.d.path=disk' '--set=ssh.config=/p/c' ./x");
	/* for a device that it gets there; and what is said by hand limits a program, too */
	command((struct runcommand){.published = &published, .memory = "64"},
	    RECORD("name=x", "target=unix-direct", "deploy=ssh://h", "memory=64"),
	    "mirari-ssh run '--set=name=x' '--set=target=unix-direct' '--set=deploy=ssh://h' "
	    "'--set=memory=64' '--publish=80:80' '--memory=64' ./x");
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=hvt", "deploy=ssh://h", "net.a.dhcp=true", "-a"),
	    "mirari-ssh run '--set=name=x' '--set=target=hvt' '--set=deploy=ssh://h' "
	    "'--set=net.a.dhcp=true' ./x -- a");
	command((struct runcommand){.rootless = false},
	    RECORD("name=x", "target=virtio", "libvirt.uri=qemu:///session", "memory=64",
		"net.a.host=10.0.0.1/24", "-a"),
	    "mirari-tap exec --set 'name=x' --set 'net.a.host=10.0.0.1/24' -- mirari-virt run "
	    "'--set=name=x' '--set=libvirt.uri=qemu:///session' '--memory=64' "
	    "'--net=a=%{tap:a}' ./x -- a");
}

static void other(void (*what)(const struct rec *, struct strv *), const char *const *fields,
    const char *expected)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct strv settings A_CLEANUP(strv_free) = {0}, words A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	strv_add_words(&settings, fields);
	ok(rec_apply(&record, &settings, &fault) == 0, "the record is one");
	what(&record, &words);
	shell_command(&text, &words);
	is_str(buf_str(&text), expected, "this");
}

static void test_what_ends_it(void)
{
	other(domaincommand_cleanup, RECORD("name=x", "target=hvt", "deploy=local"), "");
	other(domaincommand_probe, RECORD("name=x", "target=hvt", "deploy=local"), "");
	other(domaincommand_cleanup, RECORD("name=x", "target=xen", "deploy=local", "xen.via=xl"),
	    "mirari-xl destroy --force '--set=xen.via=xl' -- x");
	other(domaincommand_probe, RECORD("name=x", "target=xen", "deploy=ssh://h", "memory=3"),
	    "mirari-xl list '--set=deploy=ssh://h'");
	other(domaincommand_cleanup,
	    RECORD("name=x", "target=spt", "deploy=ssh://h", "ssh.config=/c"),
	    "mirari-ssh stop --quiet --force '--set=deploy=ssh://h' '--set=ssh.config=/c' -- x");
	other(domaincommand_probe, RECORD("name=x", "target=spt", "deploy=ssh://h"),
	    "mirari-ssh check '--set=deploy=ssh://h' -- x");
	other(domaincommand_cleanup,
	    RECORD("name=x", "target=virtio", "libvirt.uri=qemu:///system"),
	    "mirari-virt destroy --force '--set=libvirt.uri=qemu:///system' -- x");
}

int main(void)
{
	test_domain();
	test_what_ends_it();
	test_plain();
	test_direct();
	test_solo5();
	return tap_end();
}
