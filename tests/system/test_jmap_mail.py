"""Reading mail over JMAP, with IMAP beside it: what one changes the other sees."""
import base64
import contextlib
import json
import time

import pytest

from jmap_client import Jmap, JmapError
from mail import letter, mark


def wait_for(look, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, 'it does not happen'
        time.sleep(0.1)


@pytest.fixture(scope='module')
def ann(site):
    return Jmap(site, site.user('maria.rossi'))


@contextlib.contextmanager
def folder_of(site, user, name):
    """An IMAP session with a mailbox of its own."""
    with site.imap(user) as client:
        client.create(f'"{name}"')
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.unselect()
            client.delete(f'"{name}"')


def append(client, name, subject, body='Hello.\r\n', flags=None, extra=''):
    data = letter('a@outside.test', 'maria@example.org', subject, body, extra)
    status, answer = client.append(f'"{name}"', flags, None, data)
    assert status == 'OK', answer
    return data


def test_what_imap_has_is_what_jmap_shows(site, ann):
    user, subject = site.user('maria.rossi'), mark()
    with folder_of(site, user, 'Jmap one') as client:
        data = append(client, 'Jmap one', subject, 'Erste Zeile.\r\nGrüße\r\n', r'(\Flagged $Work)')
        box = ann.mailbox('Jmap one')
        assert (box['totalEmails'], box['unreadEmails'], box['totalThreads'], box['unreadThreads']) == (1, 1, 1, 1)
        (id_,) = ann.call('Email/query', filter={'inMailbox': box['id']})['ids']
        got = ann.call('Email/get', ids=[id_], fetchTextBodyValues=True)['list'][0]
        assert got['subject'] == subject and got['keywords'] == {'$flagged': True, '$work': True}
        assert got['mailboxIds'] == {box['id']: True}
        assert got['bodyValues'][got['textBody'][0]['partId']]['value'] == 'Erste Zeile.\nGrüße\n'
        assert got['size'] >= len(data)
        client.select('"Jmap one"')
        info = client.fetch('1', '(EMAILID THREADID)')[1][0]
        assert id_.encode() in info and got['threadId'].encode() in info


def test_a_change_by_imap_is_seen_by_jmap(site, ann):
    user, subject = site.user('maria.rossi'), mark()
    with folder_of(site, user, 'Jmap two') as client:
        state = ann.call('Email/get', ids=[])['state']
        append(client, 'Jmap two', subject)
        (id_,) = wait_for(lambda: ann.call('Email/changes', sinceState=state)['created'])
        changes = ann.call('Email/changes', sinceState=state)
        client.select('"Jmap two"')
        client.store('1', '+FLAGS', r'(\Seen)')
        changes = wait_for(lambda: (c := ann.call('Email/changes', sinceState=changes['newState']))['updated'] and c)
        assert changes['updated'] == [id_]
        assert ann.call('Email/get', ids=[id_], properties=['keywords'])['list'][0]['keywords'] == {'$seen': True}
        assert ann.mailbox('Jmap two')['unreadEmails'] == 0
        query = ann.call('Email/query', filter={'subject': subject})
        client.store('1', '+FLAGS', r'(\Deleted)')
        assert wait_for(lambda: ann.call('Email/changes', sinceState=changes['newState'])['destroyed']) == [id_]
        assert ann.mailbox('Jmap two')['totalEmails'] == 0
        moved = ann.call('Email/queryChanges', filter={'subject': subject}, sinceQueryState=query['queryState'])
        assert id_ in moved['removed'] and moved['added'] == []
        client.expunge()
        assert ann.call('Email/changes', sinceState=changes['newState'])['destroyed'] == [id_]


def test_a_change_by_jmap_is_seen_by_imap(site, ann):
    user, subject = site.user('maria.rossi'), mark()
    with folder_of(site, user, 'Jmap three') as client:
        append(client, 'Jmap three', subject)
        append(client, 'Jmap three', subject + ' other')
        box = ann.mailbox('Jmap three')
        ids = ann.call('Email/query', filter={'inMailbox': box['id']}, sort=[{'property': 'size'}])['ids']
        made = ann.call('Mailbox/set', create={'k': {'name': 'Below', 'parentId': box['id'], 'sortOrder': 4}})['created']['k']
        assert client.select('"Jmap three/Below"')[0] == 'OK'
        done = ann.call('Email/set', update={ids[0]: {'keywords/$flagged': True, 'keywords/todo': True, f'mailboxIds/{made["id"]}': True},
                                             ids[1]: {'mailboxIds': {made['id']: True}}})
        assert set(done['updated']) == set(ids) and not done['notUpdated']
        client.select('"Jmap three"')
        assert len(client.search(None, 'FLAGGED', 'KEYWORD', 'todo')[1][0].split()) == 1
        client.select('"Jmap three/Below"')
        assert len(client.search(None, 'ALL')[1][0].split()) == 2
        assert ann.call('Email/set', destroy=ids)['destroyed'] == ids
        client.noop()
        assert client.search(None, 'ALL')[1][0].split() == []
        client.select('INBOX', readonly=True)
        assert ann.call('Mailbox/set', destroy=[made['id']])['destroyed'] == [made['id']]
        assert client.select('"Jmap three/Below"', readonly=True)[0] == 'NO'
        client.select('INBOX', readonly=True)


def test_an_answer_in_sent_is_in_its_thread(site, ann):
    user, subject = site.user('maria.rossi'), mark()
    site.deliver([user['address']], letter('a@outside.test', user['address'], subject, extra=f'X-Id: {subject}\r\n'))
    (first,) = wait_for(lambda: ann.find(subject))
    got = ann.call('Email/get', ids=[first], properties=['messageId', 'threadId', 'header:X-Id:asText'])['list'][0]
    assert got['header:X-Id:asText'] == subject
    with site.imap(user) as client:
        client.append('Sent', r'(\Seen)', None, letter(user['address'], 'a@outside.test', f'Re: {subject}', extra=f'References: <{got["messageId"][0]}>\r\n'))
    thread = ann.call('Thread/get', ids=[got['threadId']])['list'][0]
    assert len(thread['emailIds']) == 2 and thread['emailIds'][0] == first
    collapsed = ann.call('Email/query', filter={'subject': subject}, collapseThreads=True, calculateTotal=True)
    assert len(collapsed['ids']) == 1 and collapsed['total'] == 1
    ann.call('Email/set', destroy=thread['emailIds'])


def test_chinese_is_found_and_marked(site):
    lin = Jmap(site, site.user('lin.xiaomei'))
    query, snippets = lin.calls(('Email/query', {'filter': {'text': '审计会'}}),
                                ('SearchSnippet/get', {'filter': {'text': '审计会'}, '#emailIds': {'resultOf': '0', 'name': 'Email/query', 'path': '/ids'}}))
    assert query[1]['ids']
    marked = json.dumps(snippets[1]['list'], ensure_ascii=False)
    assert '<mark>审计会</mark>' in marked


def test_parts_and_charsets(site, ann):
    user, subject = site.user('maria.rossi'), mark()
    image = bytes(range(256)) * 300
    body = ('--b\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            + base64.b64encode('你好，世界'.encode('gb2312')).decode() + '\r\n--b\r\nContent-Type: image/png; name=p.png\r\n'
            'Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(image).decode().replace('\n', '\r\n')
            + '--b--\r\n')
    data = (f'From: a@outside.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}').encode()
    with folder_of(site, user, 'Jmap parts') as client:
        client.append('"Jmap parts"', None, None, data)
        (id_,) = wait_for(lambda: ann.find(subject))
        got = ann.call('Email/get', ids=[id_], properties=['bodyStructure', 'textBody', 'attachments', 'bodyValues', 'hasAttachment', 'preview'],
                       fetchAllBodyValues=True, maxBodyValueBytes=7)['list'][0]
        assert got['bodyValues'][got['textBody'][0]['partId']] == {'value': '你好', 'isTruncated': True, 'isEncodingProblem': False}
        assert got['hasAttachment'] and got['preview'].startswith('你好')
        assert got['attachments'][0]['size'] == len(image) and got['attachments'][0]['name'] == 'p.png'
        assert got['bodyStructure']['subParts'][1]['type'] == 'image/png'
        ann.call('Email/set', destroy=[id_])


def test_what_cannot_be_is_refused(ann):
    with pytest.raises(JmapError) as refused:
        ann.call('Email/get', ids=[], properties=['header:From:asDate'])
    assert refused.value.args[0]['type'] == 'invalidArguments'
    with pytest.raises(JmapError) as refused:
        ann.call('Email/changes', sinceState='0-0')
    assert refused.value.args[0]['type'] == 'cannotCalculateChanges'
    inbox = ann.mailbox('INBOX')
    assert ann.call('Mailbox/set', destroy=[inbox['id']])['notDestroyed'][inbox['id']]['type'] in ('forbidden', 'mailboxHasEmail')
