"""The jail of each role, asked from inside: what its row does not give it cannot do. Needs the build with failpoints."""
import os
import pwd
import re
import subprocess
import tempfile
import time

import pytest

from conftest import TOP, end_site, make_site
from instance import Account, Instance, free_port_base
from mail import Site

PROGRAMS = os.environ.get('LETTERLOCK_FAULT_PROGRAMS', os.path.join(TOP, 'build', 'faults', 'src', 'cmd'))

# Every attempt of src/role/probe.c that succeeds; all others must fail.
EVERYBODY = {'make_thread', 'make_memfd'}
NETWORK = {'socket_inet', 'socket_inet6', 'connect'}
ALLOWED = {
    'key': {'read_keys', 'write_keys'},
    'auth': {'read_directory', 'write_directory'},
    'mx': {'accept'},
    'client': {'accept', 'socketpair'},
    'resolver': NETWORK | {'bind', 'socketpair'},
    'filter': set(),
    'queue': {'read_spool', 'write_spool', 'read_packs', 'write_packs'},
    'relay': NETWORK | {'read_certificates'},
    'mail': {'read_own_bucket', 'write_own_bucket', 'read_packs', 'socketpair'},
    'admin': {'accept'},
    'manage': {'accept'},
    'web': {'accept', 'socketpair'},
    'audit': {'read_audit', 'write_audit'},
    'ship': NETWORK | {'read_certificates'},
    'fetch': NETWORK | {'read_certificates'},
    'scan': NETWORK | {'socket_unix'},
    'extract': {'read_fonts', 'make_worker'},
    'ldap': NETWORK | {'read_certificates', 'socketpair'},
}
# What no library tries by accident ends the process at once.
DEADLY = {'exec_file', 'exec_memory', 'fork', 'make_worker', 'vfork', 'ptrace', 'read_parent', 'mount', 'chroot', 'unshare', 'bpf', 'perf', 'io_uring', 'userfault',
          'keyring', 'setuid', 'setgroups', 'open_by_handle', 'personality', 'socket_packet', 'socket_vsock'}
# Where workers are forked, and nothing but workers, libc's own fork is refused.
NOT_DEADLY = {'extract': {'fork', 'make_worker'}}
ATTEMPTS_MIN = 65


@pytest.fixture(scope='module')
def probed():
    """An instance whose roles tried everything that does not kill them, and which runs on."""
    os.environ['LETTERLOCK_FAULT_PROBE'] = '1'
    try:
        site = make_site(seed=False, programs=PROGRAMS)
    finally:
        del os.environ['LETTERLOCK_FAULT_PROBE']
    yield site
    end_site(site)


def outcomes(text):
    """{(role, instance): {attempt: outcome}}"""
    found = {}
    for role, index, attempt, result in re.findall(r'^probe (\S+) (\d+) (\S+) (\S+)$', text, re.M):
        found.setdefault((role, int(index)), {})[attempt] = result
    return found


def log(site):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as f:
        return f.read()


def roles(site):
    return {(r['role'], r['index']): r for r in site.instance.cli('status')['roles']}


def ask_behind_the_jail(site, role, index=0):
    instance = site.instance
    done = subprocess.run([instance.program('letterlockd'), '--config', instance.path('letterlock.yaml'), f'--role={role}', f'--index={index}',
                           '--jail-probe'], capture_output=True, text=True, timeout=120, check=False, **instance.account.popen_options())
    assert done.returncode == 0, done.stderr
    return outcomes(done.stdout)[(role, index)]


@pytest.mark.parametrize('role', ALLOWED)
def test_a_role_can_do_what_its_row_gives_and_nothing_else(probed, role):
    results = ask_behind_the_jail(probed, role)
    assert len(results) >= ATTEMPTS_MIN
    assert {name for name, result in results.items() if result == 'allowed'} == ALLOWED[role] | EVERYBODY
    assert {name for name in DEADLY if results[name] != 'killed'} == NOT_DEADLY.get(role, set())


def test_the_last_shard_reaches_its_own_buckets_only(probed):
    last = max(index for role, index in roles(probed) if role == 'mail')
    results = ask_behind_the_jail(probed, 'mail', last)
    assert {name for name, result in results.items() if result == 'allowed'} == ALLOWED['mail'] | EVERYBODY


def test_running_roles_are_in_the_same_jail(probed):
    found = outcomes(log(probed))
    running = {key for key in roles(probed) if key[0] != 'parent'}
    assert {key for key in found if key in running} == running
    for (role, index), results in found.items():
        assert len(results) > 40
        expected = (ALLOWED[role] | EVERYBODY) & set(results)
        assert {name for name, result in results.items() if result == 'allowed'} == expected, (role, index)


def status_of(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)


def test_every_role_is_hardened(probed):
    for (role, index), row in roles(probed).items():
        if role == 'parent':
            continue
        pid, name = row['pid'], (role, index)
        status = status_of(pid)
        assert status['NoNewPrivs'] == '1', name
        assert status['Seccomp'] == '2', name
        assert int(status['CapEff'], 16) == 0 and int(status['CapPrm'], 16) == 0, name
        assert status['TracerPid'] == '0', name
        # What cannot be dumped belongs to root in /proc, whoever runs it.
        assert os.stat(f'/proc/{pid}/environ').st_uid == 0, name
        assert status['Uid'].split()[0] == str(probed.instance.account.uid), name
        with open(f'/proc/{pid}/limits', encoding='utf-8') as f:
            assert re.search(r'^Max core file size\s+0\s+0\s', f.read(), re.M), name
        assert row['landlock'] and row['seccomp'], name


def test_the_parent_is_hardened_as_far_as_it_can_be(probed):
    pid = probed.instance.processes['letterlockd'].pid
    with open(f'/proc/{pid}/limits', encoding='utf-8') as f:
        assert re.search(r'^Max core file size\s+0\s+0\s', f.read(), re.M)
    assert os.stat(f'/proc/{pid}/environ').st_uid == 0


@pytest.mark.parametrize('forger', ['mx', 'filter', 'resolver', 'relay'])
def test_a_message_outside_of_the_table_ends_its_sender(forger):
    os.environ['LETTERLOCK_FAULT_FORGE'] = forger
    try:
        site = make_site(seed=False, programs=PROGRAMS)
    finally:
        del os.environ['LETTERLOCK_FAULT_FORGE']
    try:
        end = time.monotonic() + 60
        while f'peer={forger}' not in ''.join(line for line in log(site).splitlines(True) if 'ipc.violation' in line):
            assert time.monotonic() < end, 'nobody noticed'
            time.sleep(0.1)
        while (after := roles(site))[(forger, 0)]['restarts'] == 0:
            assert time.monotonic() < end, 'it goes on'
            time.sleep(0.1)
        assert {key: row['restarts'] for key, row in after.items() if key[0] != forger and row['restarts']} == {}, 'others live on'
    finally:
        end_site(site)


class Root(Account):
    """Starts the server as root, as a service manager does."""

    def __init__(self):
        super().__init__()
        self.user, self.switch, self.uid, self.gid = pwd.getpwuid(self.uid), False, 0, 0


@pytest.mark.skipif(os.getuid() != 0, reason='only root can give rights away')
def test_started_by_root_the_roles_are_somebody_else_without_rights():
    root, directory = Root(), tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    instance = Instance(directory, free_port_base(), PROGRAMS, account=root, options={'user': root.user.pw_name, 'sandbox': 'enforce'})
    os.chmod(directory, 0o755)
    instance.setup()
    os.chmod(instance.path('tls'), 0o755)  # relay reads the CA
    os.chmod(instance.path('tls', 'ca.pem'), 0o644)
    site = Site(instance, [])
    try:
        instance.start()
        for (role, index), row in roles(site).items():
            status = status_of(row['pid'])
            assert set(status['Uid'].split()) == ({'0'} if role == 'parent' else {str(root.user.pw_uid)}), (role, index)
            assert role == 'parent' or (status['Groups'].strip() == '' and int(status['CapPrm'], 16) == 0), (role, index)
        # The key of everything is not the roles'.
        assert os.stat(instance.path('data', 'master.key')).st_uid == 0
    finally:
        end_site(site)
