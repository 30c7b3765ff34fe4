"""Damage on the disk: the owner still signs in, and everything that can be read is there."""
import contextlib
import glob
import imaplib
import os
import time

import pytest

from conftest import end_site, make_site
from mail import letter, mark

PAGE = 4096


@pytest.fixture(scope='module')
def damaged():
    made = make_site()
    yield made
    end_site(made)


def subjects(client, mailbox):
    """The subjects of a mailbox, or None when it does not exist."""
    if client.select(f'"{mailbox}"', readonly=True)[0] != 'OK':
        return None
    status, data = client.fetch('1:*', '(BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
    assert status == 'OK'
    return [part[1].decode().strip() for part in data if isinstance(part, tuple)]


def all_subjects(site, user):
    found = []
    with site.imap(user) as client:
        for line in client.list()[1]:
            found += subjects(client, line.decode().rsplit(' "/" ', 1)[1].strip('"')) or []
    return found


def mended(site, user, words, seconds=30):
    """Damage that opening does not meet ends the session that meets it; the ledger refills after the sign-in that mends."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(imaplib.IMAP4.error, OSError, AssertionError):
            if set(words) <= {s.removeprefix('Subject: ') for s in all_subjects(site, user)}:
                return True
        time.sleep(0.2)
    return False


def account_database(site, word):
    """The database that holds most: that of the user whom the test wrote to."""
    files = glob.glob(site.instance.path('data', 'accounts', '*', '*', word))
    return max(files, key=os.path.getsize)


def test_a_mailbox_with_damaged_pages_is_mended_at_the_sign_in(damaged):
    user, words = damaged.user('chen.yu'), [mark() for _ in range(60)]
    for word in words:
        damaged.deliver(user['address'], letter('stranger@outside.test', user['address'], word, body='text\r\n' * 600))
    damaged.find(user, words[-1])
    assert set(words) <= {s.removeprefix('Subject: ') for s in all_subjects(damaged, user)}
    damaged.instance.stop()
    path = account_database(damaged, 'account.db')
    with open(path, 'r+b') as f:
        for page in range(4, os.path.getsize(path) // PAGE, 7):
            f.seek(page * PAGE + 300)
            byte = f.read(1)[0]
            f.seek(page * PAGE + 300)
            f.write(bytes([byte ^ 1]))
    damaged.instance.start()
    assert mended(damaged, user, words)
    assert glob.glob(os.path.join(os.path.dirname(path), 'account.db.*.damaged'))
    with open(damaged.instance.path('log', 'letterlockd.log'), encoding='utf-8') as f:
        assert any('store.salvaged' in line and user['address'] in line for line in f)


def test_one_damaged_message_hides_no_other(damaged):
    """The answer that meets the damage cannot be completed; every later one leaves out that message and says NO."""
    user, words = damaged.user('lin.xiaomei'), [mark() for _ in range(3)]
    for word, lines in zip(words, (2, 8000, 2)):
        body = ''.join(os.urandom(30).hex() + '\r\n' for _ in range(lines))
        damaged.deliver(user['address'], letter('stranger@outside.test', user['address'], word, body=body))
        damaged.find(user, word)
    pack = max(glob.glob(damaged.instance.path('data', 'packs', '*.pack')))
    with open(pack, 'r+b') as f:
        at = len(f.read().rstrip(b'\0')) - 60000  # in the second half of the long one
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1]))
    with contextlib.suppress(imaplib.IMAP4.abort, OSError), damaged.imap(user) as client:
        client.select('INBOX', readonly=True)
        client.fetch('1:*', '(BODY.PEEK[])')
    with damaged.imap(user) as client:
        client.select('INBOX', readonly=True)
        status, why = client.fetch('1:*', '(BODY.PEEK[])')
        got = b''.join(part[1] for part in client.response('FETCH')[1] if isinstance(part, tuple))
        assert status == 'NO' and b'CORRUPTION' in why[0]
        assert words[0].encode() in got and words[2].encode() in got and words[1].encode() not in got
        assert client.noop()[0] == 'OK'
