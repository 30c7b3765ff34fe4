"""Reload, restart, the sealed store: things of the whole server."""
import os
import re
import shutil
import signal
import ssl
import subprocess
import time

from conftest import end_site, make_site
from mail import Wire, letter, mark

import pytest


def certificate_of(site, port='imaps'):
    return ssl.get_server_certificate(('127.0.0.1', site.ports[port]))


def test_new_certificates_are_taken_without_ending_connections(site):
    user = site.user('zhao.min')
    before = certificate_of(site)
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')
        wire.tagged('b', 'SELECT INBOX')
        site.instance.issue('server', 'mail.demo.test')
        site.instance.cli('reload')
        end = time.monotonic() + 60
        while certificate_of(site) == before:
            assert time.monotonic() < end, 'the old certificate is still shown'
            time.sleep(0.1)
        assert b' OK' in wire.tagged('c', 'NOOP')[0]
        assert b' OK' in wire.tagged('d', 'FETCH 1 (FLAGS)')[0]
    assert certificate_of(site, 'submissions') != before


def test_a_bad_configuration_is_refused_and_the_old_one_stays(site):
    path = site.instance.path('letterlock.yaml')
    with open(path, encoding='utf-8') as f:
        good = f.read()
    site.instance.write('letterlock.yaml', good + 'mesage_size: 10MiB\nlimits:\n  idle: soon\n')
    try:
        code, _, words = site.instance.cli('config', 'check', check=False)
        assert code == 3
        assert re.search(r'letterlock\.yaml:\d+:\d+: .*mesage_size.*message_size', words)
        assert re.search(r'letterlock\.yaml:\d+:\d+: .*limits\.idle', words)
    finally:
        site.instance.write('letterlock.yaml', good)
    with site.imap(site.user('zhao.min')) as client:
        assert client.noop()[0] == 'OK'


def test_status_names_every_role(site):
    names = {role['role'] for role in site.instance.cli('status')['roles']}
    assert {'parent', 'key', 'auth', 'mx', 'client', 'resolver', 'filter', 'queue', 'relay', 'mail', 'admin'} <= names


def plain_needles(site):
    """Texts of letters that must stand nowhere on the disk: subjects and bodies of the demo's letters."""
    words = ['第三季度预算', '差旅费用减少', 'Code freeze is on the 14th', 'The migration test needs two more days', '安全审计会议定于',
             'Payment within 30 days', 'Four visitors come on Wednesday', '下周一放假一天', 'Interview on Monday', 'Please have a look at the proposal']
    return [w.encode() for w in words]


def test_nothing_on_the_disk_is_readable(site):
    """Also what is deleted but still open, and temporary files."""
    site.instance.cli('status')
    needles = plain_needles(site) + [re.sub(rb'=+$', b'', n) for n in (b'5beu5peF6LS555So5YeP5bCR', b'UGF5bWVudCB3aXRoaW4gMzAg')]
    seen = 0
    for folder, _, names in os.walk(site.instance.path('data')):
        for name in names:
            with open(os.path.join(folder, name), 'rb') as f:
                seen += look(f.read(), needles, os.path.join(folder, name))
    assert seen > 100_000
    for role in site.instance.cli('status')['roles']:
        for path in open_files(role['pid']):
            if os.path.isfile(path) and not os.path.realpath(path).startswith(('/proc', '/memfd', '/dev')):
                with open(path, 'rb') as f:
                    look(f.read(), needles, f'{role["role"]} {os.readlink(path)}')


def look(data, needles, where):
    for needle in needles:
        assert needle not in data, f'{needle.decode()} stands in {where}'
    return len(data)


def open_files(pid):
    """Deleted files that are still open, where the system lets us look."""
    try:
        return [f'/proc/{pid}/fd/{n}' for n in os.listdir(f'/proc/{pid}/fd')
                if '(deleted)' in os.readlink(f'/proc/{pid}/fd/{n}') and not os.readlink(f'/proc/{pid}/fd/{n}').startswith('/memfd')]
    except OSError:
        return []


def test_mail_survives_a_clean_stop_and_a_power_cut():
    site = make_site()
    try:
        user, kept = site.user('wang.lei'), [mark() for _ in range(8)]
        for subject in kept[:4]:
            site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
        site.instance.stop()
        site.instance.start()
        for subject in kept[4:]:
            site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
        kill_everything(site)
        site.instance.start()
        for subject in kept:
            assert len(site.find(user, subject)) == 1
        assert site.instance.cli('check', '--store', check=False)[0] == 0
    finally:
        end_site(site)


def kill_everything(site):
    pids = [role['pid'] for role in site.instance.cli('status')['roles']]
    parent = site.instance.processes['letterlockd']
    for pid in [parent.pid, *pids]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    parent.wait()
    site.instance.stop()


def test_a_damaged_pack_record_is_named_and_the_rest_works():
    site = make_site()
    try:
        site.instance.stop()
        packs = [os.path.join(folder, name) for folder, _, names in os.walk(site.instance.path('data')) for name in names if 'pack' in folder + name]
        largest = max((p for p in packs if os.path.isfile(p)), key=os.path.getsize)
        with open(largest, 'r+b') as f:
            f.seek(6_000_000)
            block = f.read(64)
            f.seek(6_000_000)
            f.write(bytes(b ^ 0xff for b in block))
        site.instance.start()
        code, result, words = site.instance.cli('check', '--store', check=False)
        assert code == 7, words
        assert result['queue'].get('problems') or result['mail']
        for user in site.users:
            with site.imap(user) as client:
                client.select('INBOX', readonly=True)
                assert client.fetch('1:*', '(FLAGS)')[0] == 'OK'
    finally:
        end_site(site)


def test_a_damaged_account_database_is_mended_and_named():
    site = make_site()
    try:
        site.instance.stop()
        database = max((os.path.join(folder, name) for folder, _, names in os.walk(site.instance.path('data', 'accounts')) for name in names
                        if name == 'account.db'), key=os.path.getsize)
        with open(database, 'r+b') as f:
            for page in range(1, os.path.getsize(database) // 4096):
                f.seek(page * 4096 + 100)
                byte = f.read(1)
                f.seek(page * 4096 + 100)
                f.write(bytes([byte[0] ^ 0xff]))
        site.instance.start()
        for user in site.users:
            with site.imap(user) as client:
                assert client.select('INBOX', readonly=True)[0] == 'OK'
        with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8') as log:
            assert len([line for line in log if 'event=store.salvaged' in line]) == 1
        assert [name for name in os.listdir(os.path.dirname(database)) if name.endswith('.damaged')]
    finally:
        end_site(site)


def start_and_stop(command):
    """Until it says "ready", then a clean end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            while demo.stdout.readline().strip() != 'ready':
                assert demo.poll() is None
        finally:
            demo.send_signal(signal.SIGINT)
        try:
            assert demo.wait(60) == 0
        finally:
            demo.kill()


@pytest.mark.parametrize('options', [['--selftest']])
def test_the_demo_command(tmp_path, options):
    """The launcher itself: first start, second start, refusal of a foreign folder."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from instance import free_port_base
    base, directory = free_port_base(), f'/var/tmp/letterlock-demo-test-{os.getpid()}'
    command = ['/usr/bin/python3', os.path.join(top, 'tools/demo/demo.py'), '--programs', site_programs(), '--dir', directory, '--port-base', str(base), *options]
    try:
        first = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert first.returncode == 0, first.stdout + first.stderr
        lines = first.stdout.splitlines()
        assert 'ready' in lines and lines.index('ready') <= 14
        assert os.stat(os.path.join(directory, 'demo.json')).st_mode & 0o777 == 0o600
        start_and_stop(command[:-1])
        foreign = tmp_path / 'mine'
        foreign.mkdir()
        (foreign / 'thesis.txt').write_text('years of work')
        refused = subprocess.run([*command[:5], str(foreign), *command[6:8], '--fresh'], capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 1 and (foreign / 'thesis.txt').exists()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def site_programs():
    from conftest import PROGRAMS
    return PROGRAMS
