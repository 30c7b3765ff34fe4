"""Who loses access loses it at once: disabled and removed users, also when auth dies in between."""
import os
import smtplib
import time

import pytest

from conftest import TOP, end_site, make_site
from mail import Wire, mark

FAULT_PROGRAMS = os.environ.get('LETTERLOCK_FAULT_PROGRAMS', os.path.join(TOP, 'build', 'faults', 'src', 'cmd'))


def new_user(site, local):
    user = {'address': f'{local}{mark()[:8]}@demo.test', 'password': 'first-password-1'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    return user


def signed_in(site, user):
    wire = Wire(site.ports['imaps'], site.tls())
    wire.line()
    assert b' OK' in wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')[0]
    assert b' OK' in wire.tagged('b', 'SELECT INBOX')[0]
    return wire


def ended(wire):
    """The server ended the session by itself; a session that goes on runs into the timeout."""
    wire.socket.settimeout(60)
    try:
        while b'BYE' not in wire.line():
            pass
    except EOFError:
        pass
    return True


def recipient_answer(site, address):
    with site.smtp() as client:
        client.ehlo()
        client.mail('stranger@outside.test')
        return client.rcpt(address)


def account_folders(site):
    base = site.instance.path('data', 'accounts')
    return {name for bucket in os.listdir(base) for name in os.listdir(os.path.join(base, bucket))}


def test_a_disabled_user_is_out_and_gets_no_mail(site):
    user = new_user(site, 'leaver')
    with signed_in(site, user) as wire:
        account = site.instance.cli('user', 'disable', user['address'])['account']
        assert len(account) == 32
        assert ended(wire)
    code, words = recipient_answer(site, user['address'])
    assert code == 550 and words.startswith(b'5.2.1')
    with pytest.raises(smtplib.SMTPAuthenticationError):
        with site.smtp(user):
            pass
    site.instance.cli('user', 'enable', user['address'])
    assert recipient_answer(site, user['address'])[0] == 250
    signed_in(site, user).socket.close()


def test_a_removed_user_leaves_no_folder_and_may_be_removed_in_parts(site):
    user = new_user(site, 'gone')
    site.deliver(user['address'], b'Subject: x\r\n\r\nx\r\n')
    before = account_folders(site)
    with signed_in(site, user) as wire:
        folder, = account_folders(site) - before
        # Half of the work, as after a crash.
        assert site.instance.cli('user', 'disable', user['address'])['account'] == folder
        assert ended(wire)
    site.instance.cli('user', 'remove', user['address'], '--yes')
    assert folder not in account_folders(site)
    code, words = recipient_answer(site, user['address'])
    assert code == 550 and words.startswith(b'5.1.1')
    assert site.instance.cli('user', 'remove', user['address'], '--yes', check=False)[0] != 0


def test_a_session_lives_through_a_restart_of_auth(site):
    user = new_user(site, 'stayer')
    with signed_in(site, user) as wire:
        pid = next(r['pid'] for r in site.instance.cli('status')['roles'] if r['role'] == 'auth')
        os.kill(pid, 9)
        time.sleep(2)
        assert b' OK' in wire.tagged('c', 'NOOP')[0]


def test_what_auth_decided_before_it_died_still_happens():
    site = make_site(seed=False, programs=FAULT_PROGRAMS)
    try:
        site.instance.cli('domain', 'add', 'demo.test')
        user = new_user(site, 'leaver')
        signed_in(site, user).socket.close()
        time.sleep(1)
        site.instance.stop()
        os.environ['LETTERLOCK_FAULT'] = 'directory_committed:1:kill'
        try:
            site.instance.start()
        finally:
            del os.environ['LETTERLOCK_FAULT']
        with signed_in(site, user) as wire:
            # auth commits and dies before it can tell the shard.
            assert site.instance.cli('user', 'disable', user['address'], check=False)[0] != 0
            assert ended(wire)
    finally:
        end_site(site)
