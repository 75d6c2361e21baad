"""A person at a terminal: for the tests of what is typed to.

    terminal.py STEP... -- COMMAND...

COMMAND runs on a terminal of its own as a shell runs a job. Steps are done in their order, each within ten
seconds, then the command's end is waited for:

    expect=TEXT     the terminal has shown this, behind what was expected before
    send=TEXT       typed; \\r, \\x1d and so on as in C
    settings=same   the terminal's settings are those of before, or
    settings=other  they are not
    stopped         the command has been stopped
    continue        it goes on, in the foreground
    kill=SIGNAL     it gets a signal
    hangup          the terminal goes away
    run=COMMAND     a shell runs that, not on the terminal

Prints what the terminal has shown, and "status N", 128+N for a signal, and how the settings are then."""
import os, pty, select, signal, sys, termios, time

LIMIT = 10


def fail(why, shown):
    sys.exit('%s\n--- shown:\n%s' % (why, shown.decode(errors='replace')))


def lead(slave, command, orders, reports):
    """A shell's part: starts the command, tells of each change, and lets it go on when told to."""
    os.setsid()
    os.close(os.open(os.ttyname(slave), os.O_RDWR))
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        for fd in range(3):
            os.dup2(slave, fd)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    os.write(reports, b'pid %d\n' % job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        os.write(reports, b'stopped\n')
        os.read(orders, 1)
        os.tcsetpgrp(slave, job)
        os.kill(job, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(status)
    os.write(reports, b'status %d\n' % (code if code >= 0 else 128 - code))
    os.read(orders, 1)
    os._exit(0)


class Terminal:
    def __init__(self, command):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.shown, self.seen, self.told = b'', 0, b''
        orders, self.orders = os.pipe()
        self.reports, reports = os.pipe()
        self.leader = os.fork()
        if self.leader == 0:
            os.close(self.master)
            os.close(self.orders)
            lead(self.slave, command, orders, reports)
        os.close(orders)
        os.close(reports)
        self.wait(lambda: b'\n' in self.told, 'start')
        # a command that is quick may have ended by now
        first, _, self.told = self.told.partition(b'\n')
        self.job = int(first.split()[1])

    def wait(self, found, what):
        end = time.monotonic() + LIMIT
        while not found():
            if time.monotonic() > end:
                fail('waited in vain: ' + what, self.shown)
            fds = [self.reports] + ([self.master] if self.master >= 0 else [])
            for fd in select.select(fds, [], [], 0.2)[0]:
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    data = b''
                if fd == self.master:
                    self.shown += data
                else:
                    self.told += data

    def settings(self):
        return 'same' if termios.tcgetattr(self.slave) == self.before else 'other'

    def step(self, word):
        verb, _, text = word.partition('=')
        data = text.encode().decode('unicode_escape').encode('latin-1')
        if verb == 'expect':
            self.wait(lambda: data in self.shown[self.seen:], word)
            self.seen = self.shown.index(data, self.seen) + len(data)
        elif verb == 'send':
            os.write(self.master, data)
        elif verb == 'settings':
            self.wait(lambda: self.settings() == text, word)
        elif verb == 'stopped':
            self.wait(lambda: b'stopped\n' in self.told, word)
            self.told = self.told.replace(b'stopped\n', b'')
        elif verb == 'continue':
            os.write(self.orders, b'c')
        elif verb == 'kill':
            os.kill(self.job, getattr(signal, text))
        elif verb == 'run':
            os.system(text)
        elif verb == 'hangup':
            os.close(self.master)
            self.master = -1
        else:
            sys.exit('no such step: ' + word)

    def end(self):
        self.wait(lambda: b'status' in self.told, 'end')
        if self.master >= 0:
            while select.select([self.master], [], [], 0.1)[0]:
                self.shown += os.read(self.master, 65536)
            settings = self.settings()
        sys.stdout.buffer.write(self.shown.replace(b'\r\n', b'\n'))
        print('\n' + self.told.decode().strip())
        if self.master >= 0:
            print('settings', settings)
        os.close(self.orders)
        os.waitpid(self.leader, 0)


def main(words):
    at = words.index('--')
    terminal = Terminal(words[at + 1:])
    try:
        for word in words[:at]:
            terminal.step(word)
        terminal.end()
    finally:
        try:
            os.kill(terminal.job, signal.SIGKILL)
        except ProcessLookupError:
            pass


main(sys.argv[1:])
