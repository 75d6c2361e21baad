"""Several mirari-tap at once, and what is there afterwards: for t/47-tap-races.bats.

Runs in the test's network namespace. The first argument names the race, the second how many rounds.
What isn't as it should be ends it with a message.
"""
import json, os, random, signal, subprocess, sys, time

random.seed(2013)


def start(*words, **more):
    return subprocess.Popen(['mirari-tap', *words], stdin=more.get('stdin', subprocess.DEVNULL),
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(process, *allowed):
    said = process.communicate()[1].decode()
    if process.returncode not in allowed:
        sys.exit('%s: %d: %s' % (' '.join(process.args), process.returncode, said))
    return process.returncode


def run(*words):
    return ended(start(*words), 0)


def interfaces():
    text = subprocess.run(['ip', '-d', '-j', 'address', 'show'], stdout=subprocess.PIPE, check=True).stdout
    return [i for i in json.loads(text) if i['ifname'] != 'lo']


def addresses(i):
    return [a['local'] for a in i['addr_info'] if not a['local'].startswith('fe80:')]


def check_complete(when, bridge=None):
    """Every tap is what up makes; a bridge has ports or is to be cleared by gc."""
    for i in interfaces():
        kind = i['linkinfo']['info_kind']
        whole = i['group'] == '2013' and 'UP' in i['flags']
        if kind == 'tun':
            data = i['linkinfo']['info_data']
            whole = (whole and data['persist'] and 'user' in data and i.get('ifalias', '').startswith('mirari ') and
                     (i.get('master') == bridge if bridge and i['ifname'].endswith('b') else addresses(i)))
        if not whole:
            sys.exit('%s: half made: %s' % (when, json.dumps(i)))


def one_name(rounds):
    for n in range(rounds):
        words = ['up', 'tap0', '--host', '10.0.%d.1/24' % n, '--host', 'fd%x::1/64' % (n + 16)]
        for process in [start(*words), start(*words)]:
            ended(process, 0)
        found = interfaces()
        if [i['ifname'] for i in found] != ['tap0'] or addresses(found[0]) != ['10.0.%d.1' % n, 'fd%x::1' % (n + 16)]:
            sys.exit('round %d: %s' % (n, json.dumps(found)))
        check_complete('round %d' % n)
        if n % 2:
            run('down', 'tap0')


def up_and_down(rounds):
    counts = {0: 0, 75: 0}
    for n in range(rounds):
        first = start('up', 'tap0', 'tap1', '--mtu', '1400', '--set', 'net.tap0.host=10.0.0.1/24', '--set',
                      'net.tap1.host=10.0.1.1/24')
        time.sleep(random.random() * 0.004)
        second = start('down', '--all')
        third = start('up', 'tap1', '--host', '10.0.1.1/24') if n % 3 == 0 else None
        for process in filter(None, [first, second, third]):
            counts[ended(process, 0, 75)] += 1
        check_complete('round %d' % n)
    print(counts)


def killed(rounds):
    words = ['--set', 'name=k', '--set', 'net.a.host=10.0.0.1/24', '--set', 'net.a.tap=ka', '--set', 'net.b.tap=kb',
             '--set', 'net.b.host=10.0.1.1/24', '--set', 'net.b.bridge=kbr', '--set', 'net.b.bridge-create=true',
             '--set', 'net.c.host=10.0.2.1/24', '--set', 'net.c.tap=kc']
    left = 0
    for n in range(rounds):
        with open('empty-record') as record:
            process = start('up', *words, stdin=record)
        time.sleep(random.random() * 0.006)
        process.send_signal(signal.SIGKILL)
        ended(process, 0, -signal.SIGKILL)
        check_complete('kill %d' % n, bridge='kbr')
        names = sorted(i['ifname'] for i in interfaces())
        left += bool(names)
        # each time something else is there to begin with
        if n % 4 == 1:
            run('gc')
            if [i['ifname'] for i in interfaces() if i['ifname'] == 'kbr'] and 'kb' not in names:
                sys.exit('kill %d: gc leaves a bridge without a port' % n)
        elif n % 4 == 3:
            run('down', '--all')
            run('gc')
            if interfaces():
                sys.exit('kill %d: left: %s' % (n, json.dumps(interfaces())))
    print('something was left', left, 'times')


def many(count):
    with open('many') as record:
        begun = time.monotonic()
        ended(start('up', stdin=record), 0)
    made = time.monotonic()
    found = interfaces()
    if len(found) != count or len({i['ifalias'] for i in found}) != count:
        sys.exit('%d interfaces' % len(found))
    check_complete('many')
    text = subprocess.run(['mirari-tap', 'list'], stdout=subprocess.PIPE, check=True).stdout.decode()
    records = [dict(line.split('=', 1) for line in r.split('\n')) for r in text.split('\n\n') if r]
    if [(r['tap'], r['address'], r['ifindex']) for r in records] != [
            (i['ifname'], addresses(i)[0] + '/24', str(i['ifindex'])) for i in found]:
        sys.exit('list differs')
    down = time.monotonic()
    run('down', '--all')
    gone = time.monotonic()
    if interfaces():
        sys.exit('%d are left' % len(interfaces()))
    print('up %.2f s, down %.2f s' % (made - begun, gone - down))
    # one by one that takes 18 s
    if gone - down > 6:
        sys.exit('down --all takes %.1f s' % (gone - down))


def parallel(count):
    for extra in [[], ['--bridge', 'pbr', '--create-bridge']]:
        names = ['p%d' % n for n in range(count)]
        for process in [start('up', name, '--host', '10.%d.0.1/24' % n, *extra) for n, name in enumerate(names)]:
            ended(process, 0)
        found = {i['ifname']: i for i in interfaces()}
        bridge = found.pop('pbr', None)
        if sorted(found) != sorted(names):
            sys.exit('there are %s' % sorted(found))
        for n, name in enumerate(names):
            where = bridge if extra else found[name]
            if '10.%d.0.1' % n not in addresses(where) or found[name].get('master') != ('pbr' if extra else None):
                sys.exit('%s: %s' % (name, json.dumps(found[name])))
        # removed by two at a time, each whose names nobody else has
        half = count // 2
        for process in [start('down', *names[:half]), start('down', *names[half:-2]), start('up', 'q')]:
            ended(process, 0)
        if sorted(i['ifname'] for i in interfaces()) != sorted(names[-2:] + ['q'] + ['pbr'] * bool(extra)):
            sys.exit('there are %s' % sorted(i['ifname'] for i in interfaces()))
        run('down', 'q', *names[-2:])
        if interfaces():
            sys.exit('left: %s' % json.dumps(interfaces()))


def failing(rounds):
    """One that fails beside one that doesn't takes nothing of the other's away."""
    for n in range(rounds):
        bad = start('up', 'bad1', 'bad2', 'bad3', '--bridge', 'fbr', '--create-bridge', '--set', 'net.bad3.mtu=65535')
        time.sleep(random.random() * 0.003)
        good = start('up', 'good1', 'good2', '--bridge', 'fbr', '--create-bridge')
        ended(bad, 65)
        ended(good, 0)
        found = {i['ifname']: i.get('master') for i in interfaces()}
        if found != {'good1': 'fbr', 'good2': 'fbr', 'fbr': None}:
            sys.exit('round %d: %s' % (n, found))
        run('down', '--all')


def listed(rounds):
    """A list of what comes and goes is a list all the same."""
    with open('many') as record:
        ended(start('up', stdin=record), 0)
    stable = {i['ifname'] for i in interfaces()}
    busy = subprocess.Popen(['sh', '-c', 'while :; do ip link add v0 type veth peer name v1; ip link del v0; done'],
                            stderr=subprocess.DEVNULL)
    try:
        for n in range(rounds):
            text = subprocess.run(['mirari-tap', 'list'], stdout=subprocess.PIPE, check=True).stdout.decode()
            names = {line[4:] for line in text.split('\n') if line.startswith('tap=')}
            if names != stable:
                sys.exit('round %d: %d of %d' % (n, len(names), len(stable)))
        run('down', '--all')
    finally:
        busy.kill()
        busy.wait()
    subprocess.run(['ip', 'link', 'del', 'v0'], stderr=subprocess.DEVNULL)
    time.sleep(0.1)
    subprocess.run(['ip', 'link', 'del', 'v0'], stderr=subprocess.DEVNULL)


def translated(count):
    def rule_count():
        text = subprocess.run(['nft', 'list', 'tables'], stdout=subprocess.PIPE, check=True).stdout.decode()
        return text.count('mirari-')

    def forward():
        with open('/proc/sys/net/ipv4/ip_forward') as f:
            return f.read().strip()

    names = ['n%d' % n for n in range(count)]
    for process in [start('up', name, '--host', '10.%d.0.1/24' % n, '--nat', '--dhcp', '-p', '%d:80' % (9000 + n))
                    for n, name in enumerate(names)]:
        ended(process, 0)
    if rule_count() != count or forward() != '1':
        sys.exit('%d tables, forwarding %s' % (rule_count(), forward()))
    # the same port: one gets it
    got = [ended(p, 0, 69, 75) for p in [start('up', name, '--host', '10.%d.1.1/24' % n, '-p', '8080:80')
                                     for n, name in enumerate(['x', 'y', 'z'])]]
    if sorted(got) != [0, 69, 69] or rule_count() != count + 1:
        sys.exit('one port for three: %s' % got)
    for process in [start('down', name) for name in names + ['x', 'y', 'z']]:
        ended(process, 0)
    if rule_count() or forward() != '0' or interfaces():
        sys.exit('left: %d tables, forwarding %s' % (rule_count(), forward()))


globals()[sys.argv[1]](int(sys.argv[2]))
