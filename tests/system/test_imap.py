"""Reading by Python's imaplib, and by hand where it has no words."""
import datetime
import imaplib
import re
import threading

import pytest

from mail import Wire, all_messages, letter, mark, sha


def imaps(site, user):
    wire = Wire(site.ports['imaps'], site.tls())
    wire.line()
    done, _ = wire.tagged('a0', f'LOGIN {user["address"]} {user["password"]}')
    assert b'OK' in done, done
    return wire


def test_everyone_signs_in_and_finds_mail(site):
    total = 0
    for user in site.users:
        with site.imap(user) as client:
            total += int(client.select('INBOX', readonly=True)[1][0])
    assert total > 40


def test_append_gives_back_exactly_what_went_in(site):
    user = site.user('maria.rossi')
    data = letter(user['address'], user['address'], mark(), 'exactly\r\n' * 5000)
    when = datetime.datetime(2021, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
    with site.imap(user) as client:
        client.create('Exact')
        status, answer = client.append('Exact', r'(\Flagged $Label)', imaplib.Time2Internaldate(when), data)
        assert status == 'OK' and b'APPENDUID' in answer[0]
        (raw,) = all_messages(client, 'Exact')
        assert sha(raw) == sha(data)
        info = client.fetch('1', '(INTERNALDATE FLAGS RFC822.SIZE)')[1][0]
        assert b'"04-Mar-2021 05:06:07 +0000"' in info and b'\\Flagged' in info and b'$Label' in info
        assert f'RFC822.SIZE {len(data)}'.encode() in info
        assert client.delete('Exact')[0] == 'OK'


def test_flags_copy_move_and_expunge(site):
    user, subject = site.user('maria.rossi'), mark()
    with site.imap(user) as client:
        client.create('Moves')
        client.create('Moves/Deep')
        for n in range(5):
            client.append('Moves', None, None, letter('a@outside.test', user['address'], f'{subject}-{n}'))
        client.select('Moves')
        client.store('1:2', '+FLAGS', r'(\Seen)')
        assert len(client.search(None, 'SEEN')[1][0].split()) == 2
        assert client.copy('1:3', 'Moves/Deep')[0] == 'OK'
        assert client._simple_command('MOVE', '4', 'Moves/Deep')[0] == 'OK'
        client.store('1', '+FLAGS', r'(\Deleted)')
        client.expunge()
        assert len(client.search(None, 'ALL')[1][0].split()) == 3
        client.select('Moves/Deep', readonly=True)
        assert len(client.search(None, 'ALL')[1][0].split()) == 4
        assert len(client.search(None, 'SEEN')[1][0].split()) == 2
        client.select('INBOX', readonly=True)
        client.delete('Moves/Deep')
        client.delete('Moves')


@pytest.mark.parametrize('owner, needle, mailbox', [
    ('lin.xiaomei', '审计会', 'INBOX'), ('wang.lei', '辦公', None), ('james.carter', '会議', 'INBOX'), ('chen.yu', 'Отчёт', 'INBOX'),
    ('anna.schmidt', 'grüße', 'INBOX'), ('wang.lei', '發票', 'INBOX')])
def test_search_finds_text_of_every_charset(site, owner, needle, mailbox):
    user = site.user(owner)
    with site.imap(user) as client:
        client.select('INBOX', readonly=True)
        client.literal = needle.encode()
        status, found = client.search('UTF-8', 'TEXT')
        assert status == 'OK'
        assert bool(found[0].split()) == (mailbox is not None)


def test_new_mail_is_pushed_to_an_idle_session(site):
    user, subject = site.user('james.carter'), mark()
    with imaps(site, user) as wire:
        wire.tagged('a1', 'SELECT INBOX')
        wire.send('a2 IDLE\r\n')
        assert wire.line().startswith(b'+')
        thread = threading.Thread(target=site.deliver, args=([user['address']], letter('x@outside.test', user['address'], subject)))
        thread.start()
        line = wire.line()
        while b'EXISTS' not in line:
            line = wire.line()
        thread.join()
        wire.send('DONE\r\n')
        assert b'OK' in wire.tagged('a2')[0]


def test_a_change_in_one_session_shows_in_the_other(site):
    user = site.user('maria.rossi')
    with imaps(site, user) as one, imaps(site, user) as two:
        for wire in (one, two):
            wire.tagged('a1', 'SELECT INBOX')
        two.send('a2 IDLE\r\n')
        two.line()
        one.tagged('a3', 'STORE 1 +FLAGS ($Seen-by-one)')
        line = two.line()
        while b'FETCH' not in line:
            line = two.line()
        assert b'$Seen-by-one' in line
        one.tagged('a4', 'STORE 1 -FLAGS ($Seen-by-one)')
        two.send('DONE\r\n')
        two.tagged('a2')


def test_capabilities_after_sign_in(site):
    with imaps(site, site.user('chen.yu')) as wire:
        _, lines = wire.tagged('a1', 'CAPABILITY')
        words = b' '.join(lines).upper()
        for name in ('IMAP4REV1', 'IMAP4REV2', 'IDLE', 'MOVE', 'UIDPLUS', 'CONDSTORE', 'QRESYNC', 'ESEARCH', 'SEARCHRES', 'BINARY', 'SORT', 'THREAD=REFERENCES',
                     'QUOTA', 'OBJECTID', 'SPECIAL-USE', 'LIST-STATUS', 'LIST-EXTENDED', 'NAMESPACE', 'ENABLE', 'ID', 'SASL-IR', 'STATUS=SIZE', 'SAVEDATE', 'WITHIN',
                     'MULTIAPPEND', 'UNSELECT', 'CHILDREN', 'UTF8=ACCEPT', 'APPENDLIMIT'):
            assert name.encode() in words, name
        assert b'LITERAL' in words


def test_qresync_tells_what_changed(site):
    user = site.user('maria.rossi')
    with imaps(site, user) as wire:
        wire.tagged('a1', 'ENABLE QRESYNC')
        wire.tagged('a2', 'CREATE Quick')
        for n in range(3):
            data = letter('a@outside.test', user['address'], f'q{n}')
            wire.send(f'b{n} APPEND Quick {{{len(data)}+}}\r\n'.encode() + data + b'\r\n')
            assert b'OK' in wire.tagged(f'b{n}')[0]
        _, lines = wire.tagged('a3', 'SELECT Quick')
        text = b'\n'.join(lines)
        validity = re.search(rb'UIDVALIDITY (\d+)', text).group(1).decode()
        modseq = re.search(rb'HIGHESTMODSEQ (\d+)', text).group(1).decode()
        wire.tagged('a4', 'UID STORE 1 +FLAGS (\\Seen)')
        wire.tagged('a5', 'UID STORE 2 +FLAGS (\\Deleted)')
        wire.tagged('a6', 'EXPUNGE')
        wire.tagged('a7', 'UNSELECT')
        _, lines = wire.tagged('a8', f'SELECT Quick (QRESYNC ({validity} {modseq}))')
        text = b'\n'.join(lines)
        assert b'VANISHED (EARLIER) 2' in text and b'FETCH (UID 1 ' in text.replace(b'* 1 ', b'')
        wire.tagged('a9', 'DELETE Quick')


def test_sort_and_thread(site):
    user = site.user('james.carter')
    with imaps(site, user) as wire:
        wire.tagged('a1', 'SELECT INBOX')
        _, lines = wire.tagged('a2', 'SORT (REVERSE DATE) UTF-8 ALL')
        count = len(next(x for x in lines if x.startswith(b'* SORT')).split()) - 2
        _, lines = wire.tagged('a3', 'THREAD REFERENCES UTF-8 SUBJECT "Release plan"')
        thread = next(x for x in lines if x.startswith(b'* THREAD'))
        assert count > 3 and thread.count(b'(') >= 1 and len(re.findall(rb'\d+', thread)) >= 3


def test_no_password_without_tls(site):
    user = site.user('wang.lei')
    with Wire(site.ports['imap']) as wire:
        assert b'LOGINDISABLED' in wire.line() or b'LOGINDISABLED' in b''.join(wire.tagged('a', 'CAPABILITY')[1])
        assert wire.tagged('b', f'LOGIN {user["address"]} {user["password"]}')[0].startswith(b'b NO')
    client = imaplib.IMAP4('127.0.0.1', site.ports['imap'], timeout=20)
    client.starttls(site.tls())
    assert client.login(user['address'], user['password'])[0] == 'OK'
    client.logout()


def test_ipv6_is_served_too(site):
    if not site.instance.ipv6:
        pytest.skip('this machine has no IPv6 loopback address')
    with Wire(site.ports['imaps'], site.tls(), host='::1') as wire:
        assert wire.line().startswith(b'* OK')
