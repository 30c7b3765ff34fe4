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
from jmap_client import CORE, MAIL, Events, Jmap, JmapError, Socket
from mail import Wire, letter, mark

SUBMISSION = 'urn:ietf:params:jmap:submission'
VACATION, SIEVE = 'urn:ietf:params:jmap:vacationresponse', 'urn:ietf:params:jmap:sieve'
MDN = 'urn:ietf:params:jmap:mdn'
USING = (CORE, MAIL, SUBMISSION, VACATION, SIEVE, MDN)


class Writer(Jmap):
    using = USING

    def __init__(self, site, user):
        super().__init__(site, user)
        self.drafts = self.with_role('drafts')
        self.sent = self.with_role('sent')
        self.identity = next(i['id'] for i in self.call('Identity/get', ids=None)['list'] if i['email'] == user['address'])

    def with_role(self, role):
        return next((m['id'] for m in self.call('Mailbox/get', ids=None)['list'] if m['role'] == role), None)

    def draft(self, to, subject, **more):
        return {'mailboxIds': {self.drafts: True}, 'keywords': {'$draft': True, '$seen': True}, 'from': [{'name': None, 'email': self.user['address']}],
                'to': [{'name': None, 'email': a} for a in to], 'subject': subject, 'bodyValues': {'1': {'value': 'Hello.\n'}},
                'textBody': [{'partId': '1', 'type': 'text/plain'}], **more}

    def send(self, draft, send_at=None, on_success=True, **more):
        submission = {'identityId': self.identity, 'emailId': '#letter', **({'sendAt': send_at} if send_at else {}), **more}
        done = {'onSuccessUpdateEmail': {'#s': {f'mailboxIds/{self.drafts}': None, f'mailboxIds/{self.sent}': True, 'keywords/$draft': None}}}
        return self.calls(('Email/set', {'create': {'letter': draft}}),
                         ('EmailSubmission/set', {'create': {'s': submission}, **(done if on_success else {})}))

    def submission(self, found):
        return self.call('EmailSubmission/get', ids=[found])['list'][0]


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
    answer = ann.call('Email/set', create={'d': draft})
    made = answer['created']['d']
    got = ann.call('Email/get', ids=[made['id']], properties=['subject', 'cc', 'bcc', 'references', 'inReplyTo', 'header:X-Mood:asText', 'keywords', 'mailboxIds',
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
    replaced = ann.calls(('Email/set', {'create': {'n': ann.draft(['x@example.org'], subject + ' 2')}, 'destroy': [made['id']]}))[0][1]
    assert replaced['created']['n'] and replaced['destroyed'] == [made['id']]


def test_what_does_not_fit_is_named(ann):
    def why(**changes):
        draft = {k: v for k, v in {**ann.draft(['x@example.org'], 'x'), **changes}.items() if v is not ...}
        return ann.call('Email/set', create={'d': draft})['notCreated']['d']

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
    other = ann.upload(b'this is no letter', 'application/octet-stream')[1]['blobId']
    inbox = ann.with_role('inbox')
    got = ann.call('Email/import', emails={'i': {'blobId': blob, 'mailboxIds': {inbox: True}, 'keywords': {'$seen': True}, 'receivedAt': '2020-02-03T04:05:06Z'},
                                         'bad': {'blobId': 'Unone', 'mailboxIds': {inbox: True}}, 'none': {'blobId': other, 'mailboxIds': {inbox: True}}})
    assert got['notCreated']['bad']['type'] == 'invalidProperties' and got['notCreated']['none']['type'] == 'invalidEmail'
    assert ann.call('Email/get', ids=[got['created']['i']['id']], properties=['receivedAt'])['list'][0]['receivedAt'] == '2020-02-03T04:05:06Z'
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
    assert made['id'] in ann.call('EmailSubmission/query', filter={'undoStatus': 'final'}, sort=[{'property': 'sentAt'}])['ids']


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
    state = ann.call('EmailSubmission/get', ids=[])['state']
    made = created(ann.send(ann.draft([bob['address'], f'{mark()}@outside.test'], subject), send_at=at(600)))
    assert made['undoStatus'] == 'pending' and ann.submission(made['id'])['undoStatus'] == 'pending'
    changed = ann.call('EmailSubmission/changes', sinceState=state)
    assert changed['created'] == [made['id']] and changed['newState'] != state
    answer = ann.call('EmailSubmission/set', update={made['id']: {'undoStatus': 'canceled'}})
    assert made['id'] in answer['updated'] and answer['newState'] != answer['oldState']
    assert ann.submission(made['id'])['undoStatus'] == 'canceled'
    assert ann.call('EmailSubmission/changes', sinceState=changed['newState'])['updated'] == [made['id']]
    gone = created(ann.send(ann.draft([bob['address']], later)))
    late = ann.call('EmailSubmission/set', update={gone['id']: {'undoStatus': 'canceled'}})
    assert late['notUpdated'][gone['id']]['type'] == 'cannotUnsend'
    site.find(bob, later, seconds=60)
    with site.imap(bob) as client:
        client.select('INBOX', readonly=True)
        assert client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split() == []
    assert ann.call('EmailSubmission/set', destroy=[made['id'], gone['id']])['destroyed'] == [made['id'], gone['id']]
    assert ann.call('EmailSubmission/get', ids=[made['id']])['notFound'] == [made['id']]


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
    listed = ann.call('Identity/get', ids=None)
    answer = ann.call('Identity/set', update={ann.identity: {'name': 'Maria R.', 'textSignature': '-- \nM', 'replyTo': [{'name': None, 'email': 'r@example.org'}]}})
    assert ann.identity in answer['updated'] and answer['newState'] != listed['state']
    got = ann.call('Identity/get', ids=[ann.identity])['list'][0]
    assert got['name'] == 'Maria R.' and got['textSignature'] == '-- \nM' and got['replyTo'][0]['email'] == 'r@example.org' and not got['mayDelete']
    bad = ann.call('Identity/set', update={ann.identity: {'email': 'x@y'}}, create={'n': {'email': 'x@y'}})
    assert bad['notUpdated'][ann.identity]['properties'] == ['email'] and bad['notCreated']['n']['type'] == 'forbiddenFrom'
    assert ann.call('Identity/set', destroy=[ann.identity])['notDestroyed'][ann.identity]['type'] == 'forbidden'


def test_who_is_away_answers_and_the_own_script_goes_on(site, ann):
    away = Writer(site, next(u for u in reversed(site.users) if u['address'] != ann.user['address']))
    blob = away.upload(b'require "fileinto"; if header :contains "subject" "file-me" { fileinto "Sent"; }', 'application/sieve')[1]['blobId']
    assert away.call('SieveScript/set', create={'s': {'name': 'mine', 'blobId': blob}}, onSuccessActivateScript='#s')['created']
    before = away.call('VacationResponse/get', ids=None)
    assert not before['list'][0]['isEnabled']
    text = f'Away "until" Monday {mark()}'
    answer = away.call('VacationResponse/set', update={'singleton': {'isEnabled': True, 'textBody': 'For others', 'insideTextBody': text, 'subject': 'Gone', 'fromDate': '2020-01-01T00:00:00Z',
                                                                   'toDate': '2090-01-01T00:00:00Z'}})
    assert 'singleton' in answer['updated'] and answer['newState'] != answer['oldState'] == before['state']
    now = away.call('VacationResponse/get', ids=['singleton', 'x'])
    assert now['list'][0]['isEnabled'] and now['list'][0]['textBody'] == 'For others' and 'insideTextBody' not in now['list'][0] and now['notFound'] == ['x'] and now['state'] == answer['newState']
    assert away.call('VacationResponse/get', ids=None, properties=['insideTextBody'])['list'] == [{'id': 'singleton', 'insideTextBody': text}]
    subject = f'file-me {mark()}'
    created(ann.send(ann.draft([away.user['address']], subject)))
    site.find(away.user, subject, 'Sent', seconds=60)
    wait_for(lambda: any(text in str(email.message_from_bytes(m, policy=email.policy.default).get_content()) for m in site.find(ann.user, 'Gone', seconds=60)))
    assert 'singleton' in away.call('VacationResponse/set', update={'singleton': {'isEnabled': False}})['updated']
    scripts = away.call('SieveScript/get', ids=None)['list']
    assert [(s['name'], s['isActive']) for s in scripts] == [('mine', True)]
    wrong = away.call('VacationResponse/set', update={'singleton': {'isEnabled': 'x'}}, create={'n': {}})
    assert wrong['notUpdated']['singleton']['properties'] == ['isEnabled'] and wrong['notCreated']['n']['type'] == 'singleton'


# ---- messages that are no emails of the account; read receipts ----

ENCLOSED = (b'From: Zo\xc3\xab <zoe@example.org>\r\nTo: a@example.org\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nDate: Thu, 1 Jan 2026 10:00:00 +0100\r\n'
            b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nInside.\r\n'
            b'--b\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n')


def test_a_blob_is_shown_as_an_email_and_its_parts_come_down(ann):
    uploaded = ann.upload(ENCLOSED, 'message/rfc822')[1]['blobId']
    noise = ann.upload(b'\x00\x01 nothing of the kind', 'message/rfc822')[1]['blobId']
    answer = ann.call('Email/parse', blobIds=[uploaded, noise, 'U' + '0' * 32], fetchTextBodyValues=True)
    shown = answer['parsed'][uploaded]
    assert (answer['notParsable'], answer['notFound']) == ([noise], ['U' + '0' * 32])
    assert 'id' not in shown and 'mailboxIds' not in shown
    assert (shown['subject'], shown['from'][0]['email'], shown['sentAt']) == ('grüße', 'zoe@example.org', '2026-01-01T10:00:00+01:00')
    assert [v['value'].strip() for v in shown['bodyValues'].values()] == ['Inside.']
    assert shown['hasAttachment'] and shown['attachments'][0]['name'] == 'a.png'
    assert ann.download(shown['attachments'][0]['blobId'])[2] == b'\x89PNG\r\n\x1a\n'
    assert ann.download(shown['attachments'][0]['blobId'].replace('_', '_9', 1))[0] == 404
    some = ann.call('Email/parse', blobIds=[uploaded], properties=['id', 'threadId', 'blobId', 'size', 'header:Subject'])['parsed'][uploaded]
    assert some == {'id': None, 'threadId': None, 'blobId': uploaded, 'size': len(ENCLOSED), 'header:Subject': ' =?utf-8?q?gr=C3=BC=C3=9Fe?='}


def test_an_attached_letter_is_shown_and_what_is_attached_to_it_too(ann):
    inner = ann.upload(ENCLOSED, 'message/rfc822')[1]['blobId']
    draft = ann.draft(['x@example.org'], f'with a letter {mark()}', attachments=[{'blobId': inner, 'type': 'message/rfc822', 'name': 'letter.eml'}])
    made = ann.call('Email/set', create={'d': draft})['created']['d']['id']
    attached = ann.call('Email/get', ids=[made], properties=['attachments'])['list'][0]['attachments'][0]['blobId']
    shown = ann.call('Email/parse', blobIds=[attached])['parsed'][attached]
    assert shown['subject'] == 'grüße'
    assert ann.download(shown['attachments'][0]['blobId'])[2] == b'\x89PNG\r\n\x1a\n'


def asking(site, ann, bob, subject):
    """A letter of ann that asks bob for a receipt, as bob has it."""
    reader = Writer(site, bob)
    asked = ann.draft([bob['address']], subject, **{'header:Disposition-Notification-To:asAddresses': [{'name': 'Ann', 'email': ann.user['address']}]})
    created(ann.send(asked))
    return reader, wait_for(lambda: reader.find(subject))[0]


def test_a_receipt_goes_once_and_its_asker_can_read_it(site, ann, bob):
    subject = f'asks {mark()}'
    reader, letter = asking(site, ann, bob, subject)
    receipt = {'forEmailId': letter, 'disposition': {'actionMode': 'manual-action', 'sendingMode': 'mdn-sent-manually', 'type': 'displayed'}}
    wrong = reader.call('MDN/send', identityId=reader.identity, send={
        'a': {**receipt, 'forEmailId': 'M' + '0' * 32}, 'b': {**receipt, 'disposition': {'type': 'eaten'}}, 'c': {**receipt, 'reportingUA': 'a\r\nBcc: x@y'},
        'd': {**receipt, 'finalRecipient': 'rfc822; somebody@else.test'}})
    assert wrong['sent'] is None
    assert {k: v['type'] for k, v in wrong['notSent'].items()} == {'a': 'notFound', 'b': 'invalidProperties', 'c': 'invalidProperties', 'd': 'forbiddenFrom'}
    before = len(reader.call('EmailSubmission/query')['ids'])
    done, updated = [a[1] for a in reader.calls(('MDN/send', {'identityId': reader.identity, 'send': {'k': {**receipt, 'reportingUA': 'test; 1'}},
                                                              'onSuccessUpdateEmail': {'#k': {'keywords/$mdnsent': True}}}))]
    assert done['sent']['k']['finalRecipient'] == f'rfc822; {bob["address"]}' and done['notSent'] is None
    assert updated['updated'] == {letter: None}
    assert len(reader.call('EmailSubmission/query')['ids']) == before
    assert reader.call('Email/get', ids=[letter], properties=['keywords'])['list'][0]['keywords'].get('$mdnsent')
    again = reader.call('MDN/send', identityId=reader.identity, send={'k': receipt})
    assert again['notSent']['k']['type'] == 'mdnAlreadySent'
    came = wait_for(lambda: ann.find(f'"Read: {subject}"'))[0]
    shown = ann.call('Email/get', ids=[came], properties=['blobId', 'header:Return-Path:asRaw', 'header:Auto-Submitted:asText', 'bodyStructure'])['list'][0]
    assert shown['header:Return-Path:asRaw'].strip() == '<>' and shown['header:Auto-Submitted:asText'] == 'auto-replied'
    assert [p['type'] for p in shown['bodyStructure']['subParts']] == ['text/plain', 'message/disposition-notification']
    mdn = ann.call('MDN/parse', blobIds=[shown['blobId']])['parsed'][shown['blobId']]
    assert mdn['disposition'] == {'actionMode': 'manual-action', 'sendingMode': 'mdn-sent-manually', 'type': 'displayed'}
    assert (mdn['subject'], mdn['reportingUA'], mdn['finalRecipient']) == (f'Read: {subject}', 'test; 1', f'rfc822; {bob["address"]}')
    assert mdn['originalMessageId'] == done['sent']['k']['originalMessageId'] and not mdn['includeOriginalMessage'] and mdn['textBody']


def test_who_asks_for_no_receipt_gets_none(site, ann, bob):
    subject = f'asks nothing {mark()}'
    created(ann.send(ann.draft([bob['address']], subject)))
    reader = Writer(site, bob)
    letter = wait_for(lambda: reader.find(subject))[0]
    answer = reader.call('MDN/send', identityId=reader.identity, send={'k': {
        'forEmailId': letter, 'disposition': {'actionMode': 'manual-action', 'sendingMode': 'mdn-sent-manually', 'type': 'displayed'}}})
    assert answer['notSent']['k']['type'] == 'notFound'
    blob = reader.call('Email/get', ids=[letter], properties=['blobId'])['list'][0]['blobId']
    assert reader.call('MDN/parse', blobIds=[blob])['notParsable'] == [blob]


def test_changes_of_submissions_and_identities_are_told(ann):
    queried = ann.call('EmailSubmission/query', sort=[{'property': 'sentAt'}])
    assert queried['canCalculateChanges']
    waiting = created(ann.send(ann.draft(['x@example.org'], mark()), send_at=at(3600)))['id']
    changes = ann.call('EmailSubmission/queryChanges', sinceQueryState=queried['queryState'], sort=[{'property': 'sentAt'}], calculateTotal=True)
    assert changes['removed'] == [waiting] and changes['added'] == [{'id': waiting, 'index': changes['total'] - 1}]
    only = {'filter': {'undoStatus': 'pending'}}
    ann.call('EmailSubmission/set', update={waiting: {'undoStatus': 'canceled'}})
    later = ann.call('EmailSubmission/queryChanges', sinceQueryState=changes['newQueryState'], **only)
    assert (later['removed'], later['added']) == ([waiting], [])
    ann.call('EmailSubmission/set', destroy=[waiting])
    last = ann.call('EmailSubmission/queryChanges', sinceQueryState=later['newQueryState'])
    assert (last['removed'], last['added']) == ([waiting], [])
    with pytest.raises(JmapError) as refusal:
        ann.call('EmailSubmission/queryChanges', sinceQueryState='sfffffffffff')
    assert refusal.value.args[0]['type'] == 'cannotCalculateChanges'

    before = ann.call('Identity/get', ids=None)['state']
    assert ann.call('Identity/changes', sinceState=before)['updated'] == []
    ann.call('Identity/set', update={ann.identity: {'textSignature': f'-- {mark()}'}})
    told = ann.call('Identity/changes', sinceState=before)
    assert (told['created'], told['updated'], told['destroyed']) == ([], [ann.identity], [])


# ---- each side hears of the other ----

def heard(receive, account, kind):
    """Waits for a StateChange that names the type."""
    while True:
        message = receive()
        assert message is not None
        if kind in message.get('changed', {}).get(account, {}):
            return message


def test_imap_hears_of_jmap_and_jmap_of_imap_and_of_its_submissions(site, ann):
    inbox, subject = ann.with_role('inbox'), mark()
    events = Events(ann, 'types=Email,EmailSubmission&closeafter=no&ping=0')

    def source():
        return events.next()[1]

    socket = Socket(ann)
    socket.send({'@type': 'WebSocketPushEnable', 'dataTypes': ['Email', 'EmailSubmission']})
    socket.send({'@type': 'Request', 'id': 'r', 'using': [CORE], 'methodCalls': [['Core/echo', {}, '0']]})
    while socket.receive().get('requestId') != 'r':
        pass
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' OK' in wire.tagged('a', f'LOGIN {ann.user["address"]} "{ann.user["password"]}"')[0]
        assert b' OK' in wire.tagged('b', 'SELECT INBOX')[0]
        wire.send('c IDLE\r\n')
        assert wire.line().startswith(b'+')
        made = ann.call('Email/set', create={'d': ann.draft(['x@example.org'], subject, mailboxIds={inbox: True})})['created']['d']['id']
        while not wire.line().endswith(b'EXISTS'):
            pass
        for receive in (source, socket.receive):
            heard(receive, ann.account, 'Email')
        ann.call('Email/set', update={made: {'keywords/$flagged': True}})
        while b'\\Flagged' not in wire.line():
            pass
        wire.send('DONE\r\n')
        assert b' OK' in wire.tagged('c')[0]
        before = ann.call('Email/get', ids=[])['state']
        number = wire.tagged('d', f'SEARCH SUBJECT {subject}')[1][0].split()[-1].decode()
        assert b' OK' in wire.tagged('e', f'STORE {number} +FLAGS (\\Answered)')[0]
        for receive in (source, socket.receive):
            while heard(receive, ann.account, 'Email')['changed'][ann.account]['Email'] == before:
                pass
    waiting = created(ann.send(ann.draft(['x@example.org'], mark()), send_at=at(3600)))['id']
    for receive in (source, socket.receive):
        heard(receive, ann.account, 'EmailSubmission')
    ann.call('EmailSubmission/set', update={waiting: {'undoStatus': 'canceled'}})
    for receive in (source, socket.receive):
        heard(receive, ann.account, 'EmailSubmission')
    ann.call('Email/set', destroy=[made])
    events.close()
    socket.close()


# ---- what the server does without a page ----

def test_what_has_left_loses_its_mark_and_what_became_of_it_is_told(site, ann, bob):
    subject, outside = mark(), f'{mark()}@outside.test'
    hold = {'mailFrom': {'email': ann.user['address'], 'parameters': {'HOLDFOR': '5'}},
            'rcptTo': [{'email': bob['address'], 'parameters': None}, {'email': outside, 'parameters': None}]}
    events = Events(ann, 'types=EmailSubmission&closeafter=no&ping=0')
    done = {'onSuccessUpdateEmail': {'#s': {f'mailboxIds/{ann.drafts}': None, f'mailboxIds/{ann.sent}': True, 'keywords/$scheduled': True}}}
    made = created(ann.calls(('Email/set', {'create': {'letter': ann.draft([bob['address'], outside], subject)}}),
                             ('EmailSubmission/set', {'create': {'s': {'identityId': ann.identity, 'emailId': '#letter', 'envelope': hold}}, **done})))
    (found,) = ann.call('Email/query', filter={'subject': subject, 'inMailbox': ann.sent})['ids']
    # Looked at only when something is told.
    while True:
        heard(lambda: events.next()[1], ann.account, 'EmailSubmission')
        now = ann.submission(made['id'])
        if now['undoStatus'] == 'final' and all(s['delivered'] == 'yes' for s in now['deliveryStatus'].values()):
            break
    events.close()
    wait_for(lambda: '$scheduled' not in ann.call('Email/get', ids=[found], properties=['keywords'])['list'][0]['keywords'])
    # One that is taken back loses it too; one that still waits keeps it.
    marks = []
    for send_at in (at(3600), at(7200)):
        text = mark()
        one = created(ann.calls(('Email/set', {'create': {'letter': ann.draft([bob['address']], text)}}),
                                ('EmailSubmission/set', {'create': {'s': {'identityId': ann.identity, 'emailId': '#letter', 'sendAt': send_at}}, **done})))
        marks.append((one['id'], ann.call('Email/query', filter={'subject': text})['ids'][0]))
    ann.call('EmailSubmission/set', update={marks[0][0]: {'undoStatus': 'canceled'}})

    def keywords(email_id):
        return ann.call('Email/get', ids=[email_id], properties=['keywords'])['list'][0]['keywords']
    wait_for(lambda: '$scheduled' not in keywords(marks[0][1]))
    assert '$scheduled' in keywords(marks[1][1])
    ann.call('EmailSubmission/set', update={marks[1][0]: {'undoStatus': 'canceled'}})


def test_what_comes_to_a_muted_conversation_is_read_and_archived(site, ann):
    subject, number, archive = mark(), f'<{mark()}@outside.test>', ann.with_role('archive')
    first = letter('x@outside.test', ann.user['address'], subject).replace(b'Message-ID: <', f'Message-ID: {number}\r\nX-Was: <'.encode())
    site.deliver([ann.user['address']], first)
    (found,) = wait_for(lambda: ann.find(subject))
    assert found in ann.call('Email/set', update={found: {'keywords/$muted': True}})['updated']
    for _ in range(2):
        site.deliver([ann.user['address']], letter('y@outside.test', ann.user['address'], f'Re: {subject}', extra=f'In-Reply-To: {number}\r\nReferences: {number}\r\n'))
    quiet = wait_for(lambda: len(ids := ann.call('Email/query', filter={'subject': subject, 'inMailbox': archive})['ids']) == 2 and ids)
    assert all('$seen' in one['keywords'] for one in ann.call('Email/get', ids=quiet, properties=['keywords'])['list'])
    assert ann.call('Email/query', filter={'subject': subject, 'inMailbox': ann.with_role('inbox')})['ids'] == [found]
