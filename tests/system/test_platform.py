"""What the parent does for the roles: it notices who hangs, goes on without who cannot start, stops in order, shares what edges share."""
import contextlib
import os
import signal
import smtplib
import socket
import ssl
import time

import pytest

from conftest import end_site, make_site
from mail import HOST, Wire, letter, mark

WATCHDOG = 5


@pytest.fixture(scope='module')
def watched():
    made = make_site({'watchdog': f'{WATCHDOG}s', 'workers': {'client': 3}})
    yield made
    end_site(made)


def roles(site):
    """(role, instance) -> pid"""
    return {(r['role'], r['index']): r['pid'] for r in site.instance.cli('status')['roles']}


def wait_for(what, seconds=90):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.1)


def log_of(site):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8') as f:
        return f.read()


def all_ready(site):
    with contextlib.suppress(Exception):
        return all(r['state'] == 'ready' for r in site.instance.cli('status')['roles'])
    return False


def test_a_role_that_hangs_is_ended_and_started_again(watched):
    before = roles(watched)
    hung = [('auth', 0), ('mail', 0), ('filter', 1), ('resolver', 0), ('queue', 0), ('client', 1), ('relay', 0), ('mx', 0), ('key', 0)]
    for name in hung:
        os.kill(before[name], signal.SIGSTOP)
    for name in hung:
        # Not killed by us, gone all the same.
        wait_for(lambda pid=before[name]: not os.path.exists(f'/proc/{pid}'))
    wait_for(lambda: all_ready(watched))
    after, log = roles(watched), log_of(watched)
    for name, pid in before.items():
        assert (after[name] != pid) == (name in hung), name
        assert log.count(f'event=role.hung peer={name[0]} instance={name[1]} pid={pid}') == (name in hung)
        assert f'event=role.crash peer={name[0]} instance={name[1]} pid={pid}' not in log
    user, text = watched.user('zhao.min'), mark()
    watched.deliver([user['address']], letter('x@outside.test', user['address'], text))
    watched.find(user, text)


def test_the_status_tells_why_a_role_was_ended(watched):
    wait_for(lambda: all_ready(watched))
    # Alone: nobody whom its successor needs hangs as well, so that no later failure is told instead.
    pid = roles(watched)[('filter', 0)]
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: not os.path.exists(f'/proc/{pid}'))
    wait_for(lambda: all_ready(watched))
    told = [r['last_error'] for r in watched.instance.cli('status')['roles'] if (r['role'], r['index']) == ('filter', 0)]
    assert 'did not answer' in told[0]


def test_a_pause_of_the_parent_or_of_everything_ends_nobody(watched):
    wait_for(lambda: all_ready(watched))
    before = roles(watched)
    parent = before[('parent', 0)]
    os.kill(parent, signal.SIGSTOP)
    time.sleep(2 * WATCHDOG)
    os.kill(parent, signal.SIGCONT)
    time.sleep(WATCHDOG)
    everybody = [parent, *(pid for name, pid in before.items() if name[0] != 'parent')]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2 * WATCHDOG)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    time.sleep(2 * WATCHDOG)
    assert roles(watched) == before


def resumptions(site, count):
    """How many of the connections, each with the ticket of the first, resumed its session."""
    context, ticket, resumed = site.tls(), None, 0
    for _ in range(count + 1):
        with contextlib.closing(socket.create_connection((HOST, site.ports['imaps']), timeout=20)) as plain:
            with context.wrap_socket(plain, session=ticket) as secured:
                assert secured.recv(100).startswith(b'* OK')
                resumed += secured.session_reused
                ticket = ticket or secured.session
    return resumed


def test_a_tls_session_resumes_at_any_worker_and_after_its_restart(watched):
    wait_for(lambda: all_ready(watched))
    assert resumptions(watched, 40) == 40
    context = watched.tls()
    with contextlib.closing(socket.create_connection((HOST, watched.ports['imaps']), timeout=20)) as plain:
        with context.wrap_socket(plain) as secured:
            secured.recv(100)
            ticket = secured.session
    before = roles(watched)
    for name, pid in before.items():
        if name[0] == 'client':
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: all_ready(watched) and roles(watched)[('client', 0)] != before[('client', 0)])
    with contextlib.closing(socket.create_connection((HOST, watched.ports['imaps']), timeout=20)) as plain:
        with context.wrap_socket(plain, session=ticket) as secured:
            secured.recv(100)
            assert secured.session_reused


def rest_of(wire):
    """Everything that still comes, to the end of the connection."""
    got = wire.buffer
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while piece := wire.socket.recv(4096):
            got += piece
    return got


def test_sessions_hear_of_a_stop_and_hold_nobody_up():
    site = make_site()
    try:
        user = site.user('wang.lei')
        reader, stranger = Wire(site.ports['imaps'], site.tls()), Wire(site.ports['imaps'], site.tls())
        post, sender = Wire(site.ports['pop3s'], site.tls()), Wire(site.ports['smtp'])
        for wire in (reader, stranger, post, sender):
            wire.line()
        reader.tagged('a', f'LOGIN {user["address"]} {user["password"]}')
        reader.tagged('b', 'SELECT INBOX')
        begin = time.monotonic()
        site.instance.processes['letterlockd'].terminate()
        site.instance.processes['letterlockd'].wait(30)
        print(f'stopped after {time.monotonic() - begin:.2f} s')
        # Nobody has closed his socket yet.
        assert b'* BYE' in rest_of(reader)
        assert b'* BYE' in rest_of(stranger)
        assert b'-ERR' in rest_of(post)
        assert b'421 ' in rest_of(sender)
    finally:
        end_site(site)


def children_of(parent):
    """role -> pids, without asking the server."""
    found = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
                ppid = int(f.read().rpartition(')')[2].split()[1])
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                words = f.read().split(b'\0')
            if ppid == parent:
                found.setdefault(words[1].decode().removeprefix('--role='), []).append(int(pid))
    return found


class Killer:
    """Ends a role as soon as it is there."""

    def __init__(self, parent, role):
        self.parent, self.role, self.seen = parent, role, set()

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for pid in children_of(self.parent).get(self.role, []):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.seen.add(pid)
            time.sleep(0.01)


def signs_in(site):
    with site.imap(site.user('zhao.min')) as client:
        assert client.select('INBOX', readonly=True)[0] == 'OK'


def takes_mail(site):
    user, text = site.user('zhao.min'), mark()
    site.deliver([user['address']], letter('x@outside.test', user['address'], text))


def greets(site):
    with Wire(site.ports['imap']) as wire:
        assert wire.line().startswith(b'* OK')


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


# Role, and what works without it.
WITHOUT = [('auth', [greets]), ('mx', [greets, signs_in]), ('client', [takes_mail]), ('resolver', [signs_in, takes_mail]),
           ('filter', [signs_in]), ('queue', [greets]), ('relay', [signs_in, takes_mail]), ('mail', [greets, takes_mail]),
           ('admin', [signs_in, takes_mail]), ('key', [greets])]


@pytest.mark.parametrize('role,rest', WITHOUT)
def test_a_role_that_always_dies_is_tried_less_and_less_while_the_rest_serves(watched, role, rest):
    wait_for(lambda: all_ready(watched))
    parent = roles(watched)[('parent', 0)]
    instances = len(children_of(parent)[role])
    begin, killer = cpu_seconds(parent), Killer(parent, role)
    killer.run(3)
    # 0, 0.1, 0.2, 0.4, 0.8 and 1.6 s after the former one, for each instance: slower on a slow machine.
    assert instances <= len(killer.seen) <= 7 * instances
    assert cpu_seconds(parent) - begin < 1.5
    if role != 'admin':
        shown = [r for r in watched.instance.cli('status')['roles'] if r['role'] == role]
        assert all(r['last_error'] == 'it was ended by signal 9' for r in shown)
    for work in rest:
        work(watched)
    wait_for(lambda: all_ready(watched), 60)
    signs_in(watched)
    takes_mail(watched)


def test_a_server_serves_what_it_can_when_a_role_cannot_start():
    site = make_site()
    try:
        site.instance.stop()
        directory = site.instance.path('data', 'directory', 'directory.db')
        before = [directory + end for end in ('', '-wal', '-shm') if os.path.exists(directory + end)]
        for path in before:
            os.rename(path, path + '.away')
        site.instance.write('data/directory/directory.db', 'not a database ' * 1000)
        site.instance.check_ports()
        site.instance.start_outside()
        site.instance.start_server()

        def auth_is_down():
            with contextlib.suppress(Exception):
                return [r for r in site.instance.cli('status')['roles'] if r['role'] == 'auth' and r['restarts'] >= 6]
            return []

        wait_for(auth_is_down)
        shown = auth_is_down()[0]
        assert shown['last_error'] and shown['state'] in ('down', 'starting')
        assert 'event=role.missing peer=auth' in log_of(site)
        greets(site)
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            takes_mail(site)
        assert all(400 <= code < 500 for code, _ in refused.value.recipients.values())
        for path in before:
            os.rename(path + '.away', path)
        site.instance.wait_ready(60)
        takes_mail(site)
    finally:
        end_site(site)


def test_a_check_of_64_shards_and_their_status_arrive_whole():
    site = make_site({'workers': {'mail': 64}})
    try:
        with contextlib.ExitStack() as stack:
            for user in site.users:
                stack.enter_context(site.imap(user))
            assert len([r for r in site.instance.cli('status')['roles'] if r['role'] == 'mail']) == 64
            code, result, words = site.instance.cli('check', '--store', check=False)
            assert code in (0, 7), words
            assert len(result['mail']['shards']) == 64
    finally:
        end_site(site)
