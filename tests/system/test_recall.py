"""Letters that are taken back from mailboxes: over JMAP asked for, over IMAP seen to go, whatever is read, closed, forged or killed meanwhile."""
import contextlib
import http.client
import imaplib
import os
import signal
import sys

import pytest

from conftest import TOP, end_site, make_site
from jmap_client import Jmap, JmapError
from mail import mark
from test_jmap_send import USING, Writer, connected, created, wait_for

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api  # noqa: E402

LETTERS = 'urn:letterlock:jmap:letters'
KILLED = (OSError, AssertionError, ValueError, KeyError, http.client.HTTPException, imaplib.IMAP4.error, JmapError)


@pytest.fixture(scope='module')
def site():
    made = make_site()
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def ann(site):
    return Writer(site, site.user('maria.rossi'))


@pytest.fixture(scope='module')
def people(site, ann):
    return [u for u in site.users if u['address'] != ann.user['address']]


def recall(writer, submission):
    return writer.call('EmailSubmission/set', update={submission: {'recall': 'unread'}})


def result(writer, submission):
    return writer.call('EmailSubmission/get', ids=[submission], properties=['recall'])['list'][0]['recall']


def results(writer, submission):
    return (result(writer, submission) or {}).get('recipients')


def has(site, user, subject):
    with site.imap(user) as client:
        client.select('INBOX', readonly=True)
        return bool(client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split())


def test_each_recipient_has_a_result(site, ann, people):
    unread, reads, deletes = people[:3]
    subject, outside = mark(), f'{mark()}@outside.test'
    assert next(iter(ann.session()['accounts'].values()))['accountCapabilities'][LETTERS]['recallWithin'] == 30 * 86400
    letter = created(ann.send(ann.draft([unread['address'], reads['address'], deletes['address'], outside], subject)))['id']
    assert result(ann, letter) is None
    for user in (unread, reads, deletes):
        site.find(user, subject, seconds=60)
    with site.imap(reads) as client:
        client.select('INBOX')
        number = client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()[0].decode()
        client.fetch(number, '(BODY[])')
    with site.imap(deletes) as client:
        client.select('INBOX')
        number = client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()[0].decode()
        client.store(number, '+FLAGS', '(\\Deleted)')
        client.expunge()
    with site.imap(unread) as client:
        client.select('INBOX')
        number = client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()[0]
        client.send(b'i1 IDLE\r\n')
        assert client.readline().startswith(b'+')
        state = ann.call('EmailSubmission/get', ids=[])['state']
        assert letter in recall(ann, letter)['updated']
        line = b''
        while not line.startswith(b'*') or b'EXPUNGE' not in line and b'VANISHED' not in line:
            line = client.readline()
            assert line
        assert line == b'* %s EXPUNGE\r\n' % number
        client.send(b'DONE\r\n')
    wanted = {unread['address']: 'recalled', reads['address']: 'read', deletes['address']: 'deleted', outside: 'outside'}
    for user in (reads, deletes):  # closed mailboxes answer when they open
        has(site, user, subject)
    wait_for(lambda: results(ann, letter) == wanted)
    assert letter in ann.call('EmailSubmission/changes', sinceState=state)['updated']
    assert not has(site, unread, subject) and has(site, reads, subject)
    # Once more changes nothing; another letter is another matter.
    assert letter in recall(ann, letter)['updated']
    assert results(ann, letter) == wanted


def test_a_closed_mailbox_decides_when_it_opens(site, ann, people):
    closed, subject = people[4], mark()
    letter = created(ann.send(ann.draft([closed['address']], subject)))['id']
    recall(ann, letter)
    assert results(ann, letter)[closed['address']] in ('pending', 'recalled')
    assert not has(site, closed, subject)
    wait_for(lambda: results(ann, letter)[closed['address']] == 'recalled')


def test_only_the_writer_takes_a_letter_back(site, ann, people):
    reader, other, subject = people[0], Writer(site, people[1]), mark()
    letter = created(ann.send(ann.draft([reader['address'], people[1]['address']], subject)))['id']
    site.find(reader, subject, seconds=60)
    assert recall(other, letter)['notUpdated'][letter]['type'] == 'notFound'
    # A copy of it in somebody's Sent is no letter of his.
    raw = site.find(people[1], subject, seconds=60)[0]
    with site.imap(people[1]) as client:
        client.append('Sent', '(\\Seen)', None, raw)
    forged = other.call('Email/query', filter={'inMailbox': other.sent, 'subject': subject})['ids']
    assert forged and not other.call('EmailSubmission/query', filter={'emailIds': forged})['ids']
    assert recall(other, 'S' + forged[0][1:])['notUpdated']
    assert has(site, reader, subject)
    wrong = ann.call('EmailSubmission/set', update={letter: {'recall': 'everything'}})
    assert wrong['notUpdated'][letter]['properties'] == ['recall']


class Delegate(Jmap):
    using = USING


def test_a_delegate_who_may_send_takes_back_what_was_sent_from_there(site, ann, people):
    reader, helper, subject = people[0], people[3], mark()
    letter = created(ann.send(ann.draft([reader['address']], subject)))['id']
    session = Api(site.ports['management'], site.tls(), None).sign_in(ann.user['address'], ann.user['password'])
    session.call('delegate.add', delegate=helper['address'])
    name = f'{ann.user["address"]}*{helper["address"]}'
    delegate = Delegate(site, {'address': name, 'password': helper['password']})
    assert recall(delegate, letter)['updated'].keys() == {letter}
    assert not has(site, reader, subject)
    wait_for(lambda: results(ann, letter)[reader['address']] == 'recalled')


def test_what_is_read_meanwhile_is_decided_once(site, ann, people):
    """Whoever comes first: the letter is there and read, or gone and recalled."""
    subjects = [mark() for _ in range(8)]
    reader = people[5]
    letters = [created(ann.send(ann.draft([reader['address']], s)))['id'] for s in subjects]
    for s in subjects:
        site.find(reader, s, seconds=60)
    with site.imap(reader) as client:
        client.select('INBOX')
        for subject, letter in zip(subjects, letters):
            number = client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()[0].decode()
            client.send(f'x1 STORE {number} +FLAGS.SILENT (\\Seen)\r\n'.encode())
            recall(ann, letter)
            while not client.readline().startswith(b'x1 '):
                pass
            client.noop()
    has(site, reader, subject)
    for subject, letter in zip(subjects, letters):
        wait_for(lambda: results(ann, letter)[reader['address']] in ('read', 'recalled'))
        assert has(site, reader, subject) == (results(ann, letter)[reader['address']] == 'read')


def test_whoever_is_killed_the_result_is_right(site, people):
    writer, readers = Writer(site, site.user('maria.rossi')), people[:6]
    subject = mark()
    letter = created(writer.send(writer.draft([u['address'] for u in readers], subject)))['id']
    for user in readers:
        site.find(user, subject, seconds=60)
    with site.imap(readers[0]) as client:
        client.select('INBOX')
        client.store(client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()[0].decode(), '+FLAGS', '(\\Seen)')
    with contextlib.ExitStack() as stack:
        for user in readers[:4]:
            with contextlib.suppress(*KILLED):
                stack.enter_context(site.imap(user)).select('INBOX')
        with contextlib.suppress(*KILLED):
            recall(writer, letter)
        for process in site.instance.cli('status')['roles']:
            if process['role'] in ('queue', 'mail'):
                os.kill(process['pid'], signal.SIGKILL)
    fresh = wait_for(lambda: connected(site, writer.user))
    wait_for(lambda: asked(fresh, letter))
    wanted = {u['address']: 'read' if u is readers[0] else 'recalled' for u in readers}

    def settled():
        for user in readers:
            with contextlib.suppress(*KILLED):
                has(site, user, subject)
        with contextlib.suppress(*KILLED):
            return results(fresh, letter) == wanted

    wait_for(settled)
    assert [has(site, u, subject) for u in readers] == [True] + [False] * 5


def asked(writer, letter):
    with contextlib.suppress(*KILLED):
        return letter in recall(writer, letter).get('updated', {})
    return False
