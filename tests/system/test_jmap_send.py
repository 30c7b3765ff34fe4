"""Writing and sending over JMAP, with SMTP and IMAP beside it: drafts, submissions that wait, are taken back or go, whatever ends meanwhile."""
import contextlib
import datetime
import email
import email.policy
import imaplib
import os
import signal
import time

import pytest

from conftest import end_site, make_site
from jmap_client import CORE, MAIL, Jmap
from mail import mark

SUBMISSION = 'urn:ietf:params:jmap:submission'
VACATION, SIEVE = 'urn:ietf:params:jmap:vacationresponse', 'urn:ietf:params:jmap:sieve'
USING = (CORE, MAIL, SUBMISSION, VACATION, SIEVE)


class Writer(Jmap):
    def __init__(self, site, user):
        super().__init__(site, user)
        self.known = super().account
        self.drafts = self.mailbox('drafts')
        self.sent = self.mailbox('sent')
        self.identity = next(i['id'] for i in self.do('Identity/get', ids=None)['list'] if i['email'] == user['address'])

    @property
    def account(self):
        return self.known

    def many(self, *calls):
        return self.calls(*[[name, {'accountId': self.known, **args}, str(n)] for n, (name, args) in enumerate(calls)], using=USING)

    def do(self, name, **args):
        answer = self.many((name, args))[0]
        assert answer[0] == name, answer
        return answer[1]

    def mailbox(self, role):
        return next((m['id'] for m in self.do('Mailbox/get', ids=None)['list'] if m['role'] == role), None)

    def draft(self, to, subject, **more):
        return {'mailboxIds': {self.drafts: True}, 'keywords': {'$draft': True, '$seen': True}, 'from': [{'name': None, 'email': self.user['address']}],
                'to': [{'name': None, 'email': a} for a in to], 'subject': subject, 'bodyValues': {'1': {'value': 'Hello.\n'}},
                'textBody': [{'partId': '1', 'type': 'text/plain'}], **more}

    def send(self, draft, send_at=None, on_success=True, **more):
        submission = {'identityId': self.identity, 'emailId': '#letter', **({'sendAt': send_at} if send_at else {}), **more}
        done = {'onSuccessUpdateEmail': {'#s': {f'mailboxIds/{self.drafts}': None, f'mailboxIds/{self.sent}': True, 'keywords/$draft': None}}}
        return self.many(('Email/set', {'create': {'letter': draft}}),
                         ('EmailSubmission/set', {'create': {'s': submission}, **(done if on_success else {})}))

    def submission(self, found):
        return self.do('EmailSubmission/get', ids=[found])['list'][0]


def created(answers):
    assert answers[1][1]['created'], answers
    return answers[1][1]['created']['s']


def refused(answers):
    assert answers[1][1]['notCreated'], answers
    return answers[1][1]['notCreated']['s']


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%SZ')


def wait_for(look, seconds=90):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, 'it does not happen'
        time.sleep(0.2)


@pytest.fixture(scope='module')
def site():
    made = make_site()
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def ann(site):
    return Writer(site, site.user('maria.rossi'))


@pytest.fixture(scope='module')
def bob(site):
    return next(u for u in site.users if not u['address'].startswith('maria.rossi'))


def body_of(site, user, subject, mailbox='INBOX'):
    return email.message_from_bytes(site.find(user, subject, mailbox, seconds=60)[0], policy=email.policy.default)


def test_a_draft_is_what_was_written(site, ann):
    subject = f'年度报告 {mark()}'
    blob = ann.upload(b'%PDF-1.7 not really\x00\xff', 'application/pdf')[1]['blobId']
    draft = ann.draft(['x@example.org'], subject, cc=[{'name': 'Zoë, "Z"', 'email': 'zoe@example.org'}], bcc=[{'email': 'secret@example.org'}],
                      references=['a@b', 'c@d'], inReplyTo=['c@d'], **{'header:X-Mood:asText': 'gut ☀'},
                      htmlBody=[{'partId': '2', 'type': 'text/html'}], attachments=[{'blobId': blob, 'type': 'application/pdf', 'name': '报告.pdf'}])
    draft['bodyValues']['2'] = {'value': '<p>你好</p>'}
    answer = ann.do('Email/set', create={'d': draft})
    made = answer['created']['d']
    got = ann.do('Email/get', ids=[made['id']], properties=['subject', 'cc', 'bcc', 'references', 'inReplyTo', 'header:X-Mood:asText', 'keywords', 'mailboxIds',
                 'hasAttachment', 'attachments', 'bodyValues', 'messageId', 'sentAt', 'size', 'blobId', 'threadId'], fetchAllBodyValues=True)['list'][0]
    assert got['subject'] == subject and got['cc'] == [{'name': 'Zoë, "Z"', 'email': 'zoe@example.org'}] and got['bcc'][0]['email'] == 'secret@example.org'
    assert got['references'] == ['a@b', 'c@d'] and got['inReplyTo'] == ['c@d'] and got['header:X-Mood:asText'] == 'gut ☀'
    assert got['keywords'] == {'$draft': True, '$seen': True} and got['mailboxIds'] == {ann.drafts: True}
    assert got['hasAttachment'] and got['attachments'][0]['name'] == '报告.pdf' and got['messageId'] and got['sentAt']
    assert {v['value'] for v in got['bodyValues'].values()} == {'Hello.\n', '<p>你好</p>'}
    assert (got['size'], got['blobId'], got['threadId']) == (made['size'], made['blobId'], made['threadId'])
    assert ann.download(got['attachments'][0]['blobId'])[2] == b'%PDF-1.7 not really\x00\xff'
    parsed = email.message_from_bytes(ann.download(made['blobId'])[2], policy=email.policy.default)
    assert parsed['Subject'] == subject and parsed['Cc'].addresses[0].display_name == 'Zoë, "Z"'
    with site.imap(ann.user) as client:
        client.select('Drafts')
        assert client.search(None, 'DRAFT', 'HEADER', 'X-Mood', '""')[1][0].split()
    replaced = ann.many(('Email/set', {'create': {'n': ann.draft(['x@example.org'], subject + ' 2')}, 'destroy': [made['id']]}))[0][1]
    assert replaced['created']['n'] and replaced['destroyed'] == [made['id']]


def test_what_does_not_fit_is_named(ann):
    def why(**changes):
        draft = {k: v for k, v in {**ann.draft(['x@example.org'], 'x'), **changes}.items() if v is not ...}
        return ann.do('Email/set', create={'d': draft})['notCreated']['d']

    for changes, names in [
            ({'mailboxIds': {}}, ['mailboxIds']), ({'mailboxIds': ...}, ['mailboxIds']), ({'mailboxIds': {'F' + '0' * 32: True}}, ['mailboxIds']),
            ({'headers': []}, ['headers']), ({'id': 'x'}, ['id']), ({'size': 1}, ['size']), ({'header:Content-Type': 'text/plain'}, ['header:Content-Type']),
            ({'header:Subject:asDate': 'x'}, ['header:Subject:asDate']), ({'subject': 5}, ['subject']), ({'from': 'ann'}, ['from']),
            ({'header:X-A:asRaw': 'a\r\nBcc: x@y'}, ['header:X-A:asRaw']), ({'keywords': {'a b': True}}, ['keywords']), ({'receivedAt': 'now'}, ['receivedAt']),
            ({'bodyStructure': {'partId': '1', 'type': 'text/plain'}}, ['textBody']), ({'textBody': [{'partId': '7', 'type': 'text/plain'}]}, ['textBody']),
            ({'textBody': [{'partId': '1', 'type': 'text/html'}]}, ['textBody']), ({'textBody': [{'partId': '1', 'charset': 'utf-8'}]}, ['textBody']),
            ({'bodyValues': {'1': {'value': 'x', 'isTruncated': True}}}, ['textBody']), ({'to': [{'email': 'a@b>, <c@d'}]}, ['to'])]:
        got = why(**changes)
        assert got['type'] == 'invalidProperties' and got['properties'] == names, (changes, got)
    twice = why(**{'header:Subject:asText': 'y'})
    assert sorted(twice['properties']) == ['header:Subject:asText', 'subject']
    missing = why(attachments=[{'blobId': 'Bnone', 'type': 'image/png'}])
    assert missing['type'] == 'blobNotFound' and missing['notFound'] == ['Bnone']


def test_import_files_a_letter(site, ann):
    subject = mark()
    blob = ann.upload(f'From: a@example.org\r\nSubject: {subject}\r\n\r\nhi\r\n'.encode(), 'message/rfc822')[1]['blobId']
    inbox = ann.mailbox('inbox')
    got = ann.do('Email/import', emails={'i': {'blobId': blob, 'mailboxIds': {inbox: True}, 'keywords': {'$seen': True}, 'receivedAt': '2020-02-03T04:05:06Z'},
                                         'bad': {'blobId': 'Unone', 'mailboxIds': {inbox: True}}})
    assert got['notCreated']['bad']['type'] == 'invalidProperties'
    assert ann.do('Email/get', ids=[got['created']['i']['id']], properties=['receivedAt'])['list'][0]['receivedAt'] == '2020-02-03T04:05:06Z'
    assert b'hi' in site.find(ann.user, subject)[0]


def test_what_is_sent_arrives_without_bcc_and_is_filed_as_sent(site, ann, bob):
    subject = mark()
    outside, third = f'{mark()}@outside.test', next(u for u in site.users if u not in (bob, ann.user))
    answers = ann.send(ann.draft([bob['address'], outside], subject, bcc=[{'email': third['address']}]))
    made = created(answers)
    assert made['undoStatus'] == 'final' and answers[2][0] == 'Email/set' and answers[2][1]['updated']
    for user in (bob, third):
        letter = body_of(site, user, subject)
        assert letter['Bcc'] is None and letter['From'] == ann.user['address'] and letter['Date'] and letter['Message-ID']
        assert letter['Received'] is None or '127.0.0.1' not in letter['Received']
    assert 'secret' not in str(letter)
    site.outside_has(subject)
    with site.imap(ann.user) as client:
        client.select('Sent')
        assert len(client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()) == 1
        client.select('Drafts')
        assert client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split() == []
    wait_for(lambda: all(s['delivered'] == 'yes' for s in ann.submission(made['id'])['deliveryStatus'].values()))
    got = ann.submission(made['id'])
    assert set(got['deliveryStatus']) == {bob['address'], outside, third['address']} and got['deliveryStatus'][outside]['smtpReply'].startswith('250')
    assert got['envelope']['mailFrom']['email'] == ann.user['address'] and got['identityId'] == ann.identity
    assert made['id'] in ann.do('EmailSubmission/query', filter={'undoStatus': 'final'}, sort=[{'property': 'sentAt'}])['ids']


def test_who_may_send_what_to_whom(site, ann, bob):
    assert refused(ann.send(ann.draft(['nobody-there@' + bob['address'].split('@')[1]], 'x')))['type'] == 'invalidRecipients'
    other = {**ann.draft([bob['address']], 'x'), 'from': [{'email': bob['address']}]}
    assert refused(ann.send(other))['type'] == 'forbiddenFrom'
    envelope = {'mailFrom': {'email': bob['address'], 'parameters': None}, 'rcptTo': [{'email': bob['address'], 'parameters': None}]}
    assert refused(ann.send(ann.draft([bob['address']], 'x'), envelope=envelope))['type'] == 'forbiddenMailFrom'
    assert refused(ann.send(ann.draft([], 'x')))['type'] == 'noRecipients'
    assert refused(ann.send(ann.draft([bob['address']], 'x'), identityId='Inone'))['properties'] == ['identityId']
    assert refused(ann.send(ann.draft([bob['address']], 'x'), undoStatus='pending'))['properties'] == ['undoStatus']
    assert refused(ann.send(ann.draft([bob['address']], 'x'), send_at=at(40 * 86400)))['properties'] == ['sendAt']


def test_what_is_taken_back_nobody_gets(site, ann, bob):
    subject, later = mark(), mark()
    state = ann.do('EmailSubmission/get', ids=[])['state']
    made = created(ann.send(ann.draft([bob['address'], f'{mark()}@outside.test'], subject), send_at=at(600)))
    assert made['undoStatus'] == 'pending' and ann.submission(made['id'])['undoStatus'] == 'pending'
    changed = ann.do('EmailSubmission/changes', sinceState=state)
    assert changed['created'] == [made['id']] and changed['newState'] != state
    answer = ann.do('EmailSubmission/set', update={made['id']: {'undoStatus': 'canceled'}})
    assert made['id'] in answer['updated'] and answer['newState'] != answer['oldState']
    assert ann.submission(made['id'])['undoStatus'] == 'canceled'
    assert ann.do('EmailSubmission/changes', sinceState=changed['newState'])['updated'] == [made['id']]
    gone = created(ann.send(ann.draft([bob['address']], later)))
    late = ann.do('EmailSubmission/set', update={gone['id']: {'undoStatus': 'canceled'}})
    assert late['notUpdated'][gone['id']]['type'] == 'cannotUnsend'
    site.find(bob, later, seconds=60)
    with site.imap(bob) as client:
        client.select('INBOX', readonly=True)
        assert client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split() == []
    assert ann.do('EmailSubmission/set', destroy=[made['id'], gone['id']])['destroyed'] == [made['id'], gone['id']]
    assert ann.do('EmailSubmission/get', ids=[made['id']])['notFound'] == [made['id']]


def is_found(site, user, subject):
    """What has been killed is not there for a moment: asked again."""
    with contextlib.suppress(imaplib.IMAP4.error, OSError):
        return bool(site.find(user, subject, seconds=30))
    return False


def test_what_waits_goes_once_whatever_ends_meanwhile(site, ann, bob):
    subject, outside = mark(), f'{mark()}@outside.test'
    hold = {'mailFrom': {'email': ann.user['address'], 'parameters': {'HOLDFOR': '8'}},
            'rcptTo': [{'email': bob['address'], 'parameters': None}, {'email': outside, 'parameters': None}]}
    made = created(ann.send(ann.draft([bob['address'], outside], subject), envelope=hold))
    assert made['undoStatus'] == 'pending'
    for process in site.instance.cli('status')['roles']:
        if process['role'] in ('queue', 'mail'):
            os.kill(process['pid'], signal.SIGKILL)
    wait_for(lambda: is_found(site, bob, subject))
    site.outside_has(subject, seconds=90)
    fresh = wait_for(lambda: connected(site, ann.user))
    wait_for(lambda: fresh.submission(made['id'])['undoStatus'] == 'final')
    wait_for(lambda: all(s['delivered'] == 'yes' for s in fresh.submission(made['id'])['deliveryStatus'].values()))
    assert len(site.find(bob, subject)) == 1
    assert sum(subject.encode() in open(path, 'rb').read() for path in site.outside_files()) == 1


def connected(site, user):
    try:
        return Writer(site, user)
    except (AssertionError, OSError, ValueError, StopIteration):
        return None


def test_identities_are_kept(ann):
    listed = ann.do('Identity/get', ids=None)
    answer = ann.do('Identity/set', update={ann.identity: {'name': 'Maria R.', 'textSignature': '-- \nM', 'replyTo': [{'name': None, 'email': 'r@example.org'}]}})
    assert ann.identity in answer['updated'] and answer['newState'] != listed['state']
    got = ann.do('Identity/get', ids=[ann.identity])['list'][0]
    assert got['name'] == 'Maria R.' and got['textSignature'] == '-- \nM' and got['replyTo'][0]['email'] == 'r@example.org' and not got['mayDelete']
    bad = ann.do('Identity/set', update={ann.identity: {'email': 'x@y'}}, create={'n': {'email': 'x@y'}})
    assert bad['notUpdated'][ann.identity]['properties'] == ['email'] and bad['notCreated']['n']['type'] == 'forbiddenFrom'
    assert ann.do('Identity/set', destroy=[ann.identity])['notDestroyed'][ann.identity]['type'] == 'forbidden'


def test_who_is_away_answers_and_the_own_script_goes_on(site, ann):
    away = Writer(site, next(u for u in reversed(site.users) if u['address'] != ann.user['address']))
    blob = away.upload(b'require "fileinto"; if header :contains "subject" "file-me" { fileinto "Sent"; }', 'application/sieve')[1]['blobId']
    assert away.do('SieveScript/set', create={'s': {'name': 'mine', 'blobId': blob}}, onSuccessActivateScript='#s')['created']
    before = away.do('VacationResponse/get', ids=None)
    assert not before['list'][0]['isEnabled']
    text = f'Away "until" Monday {mark()}'
    answer = away.do('VacationResponse/set', update={'singleton': {'isEnabled': True, 'textBody': text, 'subject': 'Gone', 'fromDate': '2020-01-01T00:00:00Z',
                                                                   'toDate': '2090-01-01T00:00:00Z'}})
    assert 'singleton' in answer['updated'] and answer['newState'] != answer['oldState'] == before['state']
    now = away.do('VacationResponse/get', ids=['singleton', 'x'])
    assert now['list'][0]['isEnabled'] and now['list'][0]['textBody'] == text and now['notFound'] == ['x'] and now['state'] == answer['newState']
    subject = f'file-me {mark()}'
    created(ann.send(ann.draft([away.user['address']], subject)))
    site.find(away.user, subject, 'Sent', seconds=60)
    wait_for(lambda: any(text in str(email.message_from_bytes(m, policy=email.policy.default).get_content()) for m in site.find(ann.user, 'Gone', seconds=60)))
    assert 'singleton' in away.do('VacationResponse/set', update={'singleton': {'isEnabled': False}})['updated']
    scripts = away.do('SieveScript/get', ids=None)['list']
    assert [(s['name'], s['isActive']) for s in scripts] == [('mine', True)]
    wrong = away.do('VacationResponse/set', update={'singleton': {'isEnabled': 'x'}}, create={'n': {}})
    assert wrong['notUpdated']['singleton']['properties'] == ['isEnabled'] and wrong['notCreated']['n']['type'] == 'singleton'
