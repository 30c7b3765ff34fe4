"""Python's poplib."""
import poplib

import pytest

from mail import all_messages, letter, mark, sha


def pop(site, user):
    client = poplib.POP3_SSL('127.0.0.1', site.ports['pop3s'], context=site.tls(), timeout=30)
    client.user(user['address'])
    client.pass_(user['password'])
    return client


def test_pop3_sees_the_inbox_byte_for_byte(site):
    user = site.user('chen.yu')
    client = pop(site, user)
    count, _ = client.stat()
    got = sorted(sha(b'\r\n'.join(client.retr(n + 1)[1]) + b'\r\n') for n in range(count))
    assert len(client.uidl()[1]) == count
    client.quit()
    with site.imap(user) as imap:
        assert got == sorted(sha(raw) for raw in all_messages(imap))


def test_pop3_deletes_at_quit_only(site):
    user, subject = site.user('wang.lei'), mark()
    site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.find(user, subject)
    client = pop(site, user)
    count, _ = client.stat()
    last = next(n for n in range(count, 0, -1) if subject.encode() in b''.join(client.top(n, 0)[1]))
    client.dele(last)
    client.rset()
    client.dele(last)
    client.quit()
    client = pop(site, user)
    assert client.stat()[0] == count - 1
    client.quit()


def test_pop3_wants_tls_for_a_password(site):
    user = site.user('wang.lei')
    client = poplib.POP3('127.0.0.1', site.ports['pop3'], timeout=20)
    assert 'USER' not in client.capa()
    with pytest.raises(poplib.error_proto):
        client.user(user['address'])
        client.pass_(user['password'])
    client.close()
    client = poplib.POP3('127.0.0.1', site.ports['pop3'], timeout=20)
    client.stls(context=site.tls())
    client.user(user['address'])
    assert client.pass_(user['password']).startswith(b'+OK')
    client.quit()
