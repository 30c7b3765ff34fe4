"""Confidential letters: every road but the view of the webmail has the outside only; the view opens until the time is over; nobody outside gets one."""
import base64
import email
import email.policy
import json
import os
import poplib
import smtplib
import sys
import time

import pytest

from conftest import TOP, end_site, make_site
from documents import pdf, square
from jmap_client import Jmap, JmapError
from mail import mark
from sieve_client import Sieve
from test_jmap_send import USING, Writer, at, created, refused, wait_for
from test_recall import LETTERS, has, results

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api  # noqa: E402

FIELD = 'header:Letterlock-Confidential:asText'
TYPE = 'application/vnd.letterlock.confidential'
PASSWORD = 'first-password-1'
HTML = '<style>*{display:block!important;visibility:visible}body{color:red}</style><p>HTML {secret}</p><img src="https://t.example/x.gif">'


class Person(Jmap):
    using = (*USING, LETTERS, 'urn:ietf:params:jmap:blob')

    def look(self, letter, query=''):
        end = time.monotonic() + 60
        while True:
            status, fields, body = self.ask('GET', f'/jmap/view/{self.account}/{letter}{query}')
            if status != 503 or time.monotonic() > end:
                return status, fields, body.decode()
            time.sleep(0.2)

    def info(self, letter):
        status, fields, body = self.look(letter, '?info=1')
        assert status == 200 and fields['content-type'] == 'application/json', (status, body)
        return json.loads(body)

    def letter(self, subject):
        return wait_for(lambda: self.find(subject))[0]

    def shown(self, letter):
        return self.call('Email/get', ids=[letter], properties=['confidential'])['list'][0]['confidential']


class Author(Writer):
    using = Person.using

    def confidential(self, to, subject, secret, wish=' yes', **more):
        """A letter with two texts and a document, none of them to be seen anywhere."""
        blob = self.upload(pdf([square('1 0 0')]), 'application/pdf')[1]['blobId']
        draft = self.draft(to, subject, htmlBody=[{'partId': '2', 'type': 'text/html'}],
                           attachments=[{'blobId': blob, 'type': 'application/pdf', 'name': f'{secret}.pdf'}], **{FIELD: wish})
        draft['bodyValues'] = {'1': {'value': f'Plain {secret}\n'}, '2': {'value': HTML.replace('{secret}', secret)}}
        return self.send(draft, **more)


def person(site, name):
    address = f'{name}-{mark()[:8]}@demo.test'
    site.instance.cli('user', 'add', address, '--stdin', stdin=PASSWORD + '\n')
    return {'address': address, 'password': PASSWORD}


@pytest.fixture(scope='module')
def site():
    made = make_site(seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    made.instance.cli('policy', 'set', 'forward', '{"outside":true}')
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def ann(site):
    return Author(site, person(site, 'ann'))


@pytest.fixture(scope='module')
def bob(site):
    return Person(site, person(site, 'bob'))


@pytest.fixture(scope='module')
def sent(ann, bob):
    """(subject, what nobody else may see, the submission, the letter at its reader)"""
    subject, secret = mark(), mark()
    submission = created(ann.confidential([bob.user['address']], subject, secret, f' expires={at(86400)}'))['id']
    return subject, secret, submission, bob.letter(subject)


def is_outside(raw, secret):
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    text, sealed = parsed.iter_parts()
    assert 'confidential letter' in text.get_content() and '机密邮件' in text.get_content() and '機密郵件' in text.get_content()
    assert sealed.get_content_type() == TYPE and sealed.get_filename() == 'confidential.letterlock' and sealed.get_content().startswith(b'LLC1')
    assert secret.encode() not in raw and secret.encode() not in sealed.get_content() and b'Letterlock-Confidential' not in raw
    return parsed


def test_every_mail_program_sees_the_outside(site, ann, bob, sent):
    subject, secret, _, letter = sent
    raw = site.find(bob.user, subject)[0]
    parsed = is_outside(raw, secret)
    assert parsed['From'].addresses[0].addr_spec == ann.user['address'] and parsed['Message-ID'] and parsed['Date']
    client = poplib.POP3_SSL('127.0.0.1', site.ports['pop3s'], context=site.tls(), timeout=60)
    client.user(bob.user['address'])
    client.pass_(bob.user['password'])
    assert any(subject.encode() in r and is_outside(r, secret) for r in (b'\r\n'.join(client.retr(n + 1)[1]) + b'\r\n' for n in range(client.stat()[0])))
    client.quit()
    got = bob.call('Email/get', ids=[letter], properties=['blobId', 'preview', 'bodyValues', 'attachments', 'hasAttachment', 'confidential', 'subject'],
                   fetchAllBodyValues=True)['list'][0]
    assert secret not in json.dumps(got) and 'confidential letter' in got['preview'] and got['attachments'][0]['type'] == TYPE
    assert got['confidential']['state'] == 'open' and got['confidential']['expires'].endswith('Z')
    assert secret.encode() not in bob.download(got['blobId'])[2]
    assert 'confidential' not in bob.call('Email/get', ids=[letter])['list'][0]
    for words in ({'text': secret}, {'body': secret}):
        assert letter not in bob.call('Email/query', filter=words)['ids']
    with site.imap(bob.user) as imap:
        imap.select('INBOX', readonly=True)
        assert not imap.search(None, 'TEXT', secret)[1][0].split()


def test_its_writer_keeps_it(site, ann, bob, sent):
    subject, secret, submission, _ = sent
    assert secret.encode() in site.find(ann.user, subject, 'Sent')[0]
    kept = ann.call('Email/query', filter={'inMailbox': ann.sent, 'subject': subject})['ids'][0]
    got = ann.call('Email/get', ids=[kept], properties=['confidential', FIELD])['list'][0]
    assert got['confidential'] is None and got[FIELD].startswith('expires=')
    assert ann.call('EmailSubmission/get', ids=[submission], properties=['confidential'])['list'][0]['confidential'] is True
    assert 'confidential' not in ann.call('EmailSubmission/get', ids=[submission])['list'][0]


def test_the_view_opens_it_under_the_name_of_who_looks(site, bob, sent):
    _, secret, _, letter = sent
    status, fields, document = bob.look(letter)
    assert status == 200 and f'HTML {secret}' in document and fields['letterlock-confidential'].startswith('expires=')
    assert "default-src 'none'" in fields['content-security-policy'] and fields['cache-control'] == 'private, no-store'
    tile = base64.b64decode(document.partition('image/svg+xml;base64,')[2].partition(')')[0]).decode()
    assert bob.user['address'] in tile and 'UTC' in tile
    # What marks it stands behind what is the letter's; its rules stand in a layer, where no rule of a letter can be.
    assert document.index(f'HTML {secret}') < document.index('id="ll-mark"') and 'user-select:none!important' in document
    assert '@media print{#ll-letter' in document and document.index('@layer ll{') < document.index('{display:block!important}') and document.count('@layer') == 1
    assert f'Plain {secret}' in bob.look(letter, '?text=1')[2] and '不能打印' in bob.look(letter, '?lang=zh-CN')[2]
    for query in ('?quote=1', '?print=1'):
        status, _, body = bob.look(letter, query)
        assert status == 403 and json.loads(body)['code'] == 'confidential' and secret not in body
    wait_for(lambda: any(r.get('letter') == letter for r in opened(site)))
    assert sum(r.get('letter') == letter for r in opened(site)) == 1


def opened(site):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as log:
        return [dict(w.partition('=')[::2] for w in line.split() if '=' in w) for line in log if 'mail.confidential_opened' in line]


def test_attachments_are_looked_at_and_never_given(bob, sent):
    _, secret, _, letter = sent
    info = bob.info(letter)
    one, = info['attachments']
    assert info['state'] == 'open' and one['name'] == f'{secret}.pdf' and one['type'] == 'application/pdf' and one['size'] > 0
    blob = one['blobId']

    def preview(query):
        end = time.monotonic() + 120
        while True:
            status, fields, body = bob.ask('GET', f'/jmap/preview/{bob.account}/{blob}?{query}')
            if status != 503 and b'"busy"' not in body or time.monotonic() > end:
                return status, fields, body
            time.sleep(0.2)
    found = json.loads(preview('info=1')[2])
    assert found['status'] == 'ok' and found['pages'] == 1 and found['marked']
    status, fields, _ = preview('page=1&width=200')
    assert status == 200 and fields['content-type'] == 'image/png'
    assert bob.ask('GET', f'/jmap/preview/{bob.account}/{blob[:-1]}99?page=1')[0] == 404
    # No road gives its bytes.
    inbox = bob.mailbox('INBOX')['id'] if bob.mailbox('INBOX') else bob.call('Mailbox/get', ids=None)['list'][0]['id']
    assert bob.download(blob)[0] == 404
    assert bob.call('Blob/get', ids=[blob])['notFound'] == [blob]
    assert bob.call('Blob/lookup', typeNames=['Email'], ids=[blob])['notFound'] == [blob]
    assert bob.call('Email/parse', blobIds=[blob])['notFound'] == [blob]
    assert bob.call('Email/import', emails={'i': {'blobId': blob, 'mailboxIds': {inbox: True}}})['notCreated']['i']['type'] in ('blobNotFound', 'invalidProperties')
    assert bob.call('Blob/upload', create={'b': {'data': [{'blobId': blob}]}})['notCreated']['b']
    draft = {'mailboxIds': {inbox: True}, 'subject': 'x', 'attachments': [{'blobId': blob, 'type': 'application/pdf'}]}
    assert bob.call('Email/set', create={'d': draft})['notCreated']['d']['type'] == 'blobNotFound'


def test_copies_that_somebody_makes_stay_shut(site, ann, bob, sent):
    subject, secret, _, letter = sent
    raw = site.find(bob.user, subject)[0]
    with site.imap(bob.user) as client:
        assert client.append('INBOX', None, None, raw.replace(subject.encode(), b'again ' + subject.encode()))[0] == 'OK'
    copy = bob.letter('again ' + subject)
    assert bob.shown(copy) is None and secret not in bob.look(copy)[2] and bob.look(copy, '?info=1')[0] == 404
    # Moving within the mailbox is no copy.
    with site.imap(bob.user) as client:
        client.create('Kept')
        client.select('INBOX')
        number = client.search(None, 'HEADER', 'Message-ID', email.message_from_bytes(raw)['Message-ID'])[1][0].split()[0]
        assert client.copy(number, 'Kept')[0] == 'OK'
    kept = next(m['id'] for m in bob.call('Mailbox/get', ids=None)['list'] if m['name'] == 'Kept')
    moved = bob.call('Email/query', filter={'inMailbox': kept})['ids'][0]
    assert bob.shown(moved)['state'] == 'open' and secret in bob.look(moved)[2]


def test_over_smtp_it_is_the_same(site, ann, bob):
    subject, secret = mark(), mark()
    letter = f'From: {ann.user["address"]}\r\nTo: {bob.user["address"]}\r\nBcc: {ann.user["address"]}\r\nSubject: {subject}\r\nLetterlock-Confidential: yes\r\n\r\nPlain {secret}\r\n'
    site.send(ann.user, [bob.user['address']], letter.encode())
    is_outside(site.find(bob.user, subject)[0], secret)
    found = bob.letter(subject)
    assert bob.shown(found) == {'state': 'open', 'expires': None}
    assert f'Plain {secret}' in bob.look(found)[2] and bob.info(found) == {'state': 'open', 'expires': None, 'attachments': []}
    for wish in ('no', 'expires=tomorrow', f'expires={at(-60)}', 'yes\r\nLetterlock-Confidential: yes'):
        with pytest.raises(smtplib.SMTPDataError) as why:
            site.send(ann.user, [bob.user['address']], letter.replace('Confidential: yes', 'Confidential: ' + wish).encode())
        assert why.value.smtp_code == 550 and b'5.6.0' in why.value.smtp_error


def test_from_outside_the_field_means_nothing(site, bob):
    subject, text = mark(), mark()
    site.deliver(bob.user['address'], f'From: stranger@outside.test\r\nSubject: {subject}\r\nLetterlock-Confidential: yes\r\n\r\n{text}\r\n')
    raw = site.find(bob.user, subject)[0]
    assert text.encode() in raw and b'Letterlock-Confidential' not in raw and bob.shown(bob.letter(subject)) is None


def test_nobody_outside_gets_one(site, ann, bob):
    subject, secret, outside = mark(), mark(), f'{mark()}@outside.test'
    why = refused(ann.confidential([bob.user['address'], outside], subject, secret))
    assert why['type'] == 'invalidRecipients' and why['invalidRecipients'] == [outside]
    letter = f'From: {ann.user["address"]}\r\nTo: {outside}\r\nSubject: {subject}\r\nLetterlock-Confidential: yes\r\n\r\n{secret}\r\n'
    with pytest.raises(smtplib.SMTPDataError) as over_smtp:
        site.send(ann.user, [bob.user['address'], outside], letter.encode())
    assert over_smtp.value.smtp_code == 550 and b'5.7.1' in over_smtp.value.smtp_error and outside.encode() in over_smtp.value.smtp_error
    assert not has(site, bob.user, subject)


def test_what_leaves_by_an_alias_or_a_script_is_the_outside(site, ann):
    subject, secret, alias = mark(), mark(), f'alias-{mark()[:8]}@demo.test'
    carl = person(site, 'carl')
    site.instance.cli('alias', 'add', alias, f'{mark()}@outside.test')
    with Sieve(site, carl) as sieve:
        sieve.put('s', f'require ["copy", "vacation"]; redirect :copy "{mark()}@outside.test"; vacation "away {subject}";')
    created(ann.confidential([alias, carl['address']], subject, secret))

    def left():
        found = []
        for path in site.outside_files():
            with open(path, 'rb') as f:
                raw = f.read()
            if subject.encode() in raw:
                found.append(raw)
        return found if len(found) >= 2 else None
    for raw in wait_for(left):
        is_outside(raw, secret)
    is_outside(site.find(carl, subject)[0], secret)
    answer = site.find(ann.user, f'Auto: {subject}')[0]
    assert secret.encode() not in answer


def test_when_its_time_is_over_it_stays_shut(ann, bob):
    subject, secret = mark(), mark()
    # Under load it may be over before it was taken.
    for seconds in (5, 20, 60, 200):
        answers = ann.confidential([bob.user['address']], subject, secret, f' expires={at(seconds)}')
        if answers[1][1]['created']:
            break
    created(answers)
    letter = bob.letter(subject)
    wait_for(lambda: bob.shown(letter)['state'] == 'expired', seconds=260)
    status, _, body = bob.look(letter)
    assert status == 410 and json.loads(body)['code'] == 'expired' and secret not in body
    assert bob.info(letter)['state'] == 'expired' and bob.info(letter)['attachments'] == []
    assert bob.ask('GET', f'/jmap/preview/{bob.account}/C{letter[1:]}-4?page=1')[0] == 410


def test_what_is_sent_later_is_not_over_before_it_leaves(ann, bob):
    wish = f' expires={at(3600)}'
    for late in (3600, 7200):
        answers = ann.confidential([bob.user['address']], mark(), mark(), wish, send_at=at(late + 5))
        refused = answers[1][1]['notCreated']['s']
        assert refused['type'] == 'forbiddenToSend' and 'before the letter is sent' in refused['description'], refused
    created(ann.confidential([bob.user['address']], mark(), mark(), wish, send_at=at(1800)))


def test_it_is_taken_back_although_it_was_read(site, ann, bob):
    subject, ordinary = mark(), mark()
    letter = created(ann.confidential([bob.user['address']], subject, mark()))['id']
    other = created(ann.send(ann.draft([bob.user['address']], ordinary)))['id']
    found = bob.letter(subject)
    bob.letter(ordinary)
    assert bob.look(found)[0] == 200
    bob.call('Email/set', update={found: {'keywords/$seen': True}})
    answer = ann.call('EmailSubmission/set', update={letter: {'recall': 'unread'}})
    assert letter in answer['updated'], answer
    wait_for(lambda: results(ann, letter) == {bob.user['address']: 'read'})
    answer = ann.call('EmailSubmission/set', update={letter: {'recall': 'any'}, other: {'recall': 'any'}})
    assert letter in answer['updated'] and answer['notUpdated'][other]['type'] == 'forbidden', answer
    wait_for(lambda: results(ann, letter) == {bob.user['address']: 'recalled'})
    assert not has(site, bob.user, subject) and has(site, bob.user, ordinary)
    assert bob.look(found)[0] == 404


def test_a_delegate_looks_under_his_own_name(site, ann, bob, sent):
    _, secret, _, letter = sent
    helper = person(site, 'helper')
    owner = Api(site.ports['management'], site.tls(), None).sign_in(bob.user['address'], bob.user['password'])
    owner.call('delegate.add', delegate=helper['address'], role='reader')
    delegate = Person(site, {'address': f'{bob.user["address"]}*{helper["address"]}', 'password': helper['password']})
    _, _, document = delegate.look(letter)
    tile = base64.b64decode(document.partition('image/svg+xml;base64,')[2].partition(')')[0]).decode()
    assert secret in document and helper['address'] in tile and bob.user['address'] in tile
    wait_for(lambda: any(r.get('actor') == helper['address'] and r.get('letter') == letter for r in opened(site)))
    wait_for(lambda: any(r['event'] == 'access.read' for r in owner.call('access.list', address=bob.user['address'])['records']))
    # Pictures are no download.
    path = f'/jmap/preview/{delegate.account}/{bob.info(letter)["attachments"][0]["blobId"]}?page=1'
    wait_for(lambda: delegate.ask('GET', path)[0] == 200)


def test_the_capability_says_what_may_be(ann):
    mine = ann.session()['accounts'][ann.account]['accountCapabilities'][LETTERS]
    assert mine['confidential'] is True and mine['confidentialLongest'] == 0
    with pytest.raises(JmapError):
        ann.call('Email/get', ids=[], properties=['confidentialKey'])
