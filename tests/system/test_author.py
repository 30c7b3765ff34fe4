"""Whom a letter from outside shows as its author is whom DMARC judged; what others say in our name is not kept. Whole letters, as an attacker sends them."""
import email
import email.policy
import smtplib

import pytest

import test_judged
from mail import Wire, fetch, mark

BANK = 'ceo@bank.example'


@pytest.fixture(scope='module')
def site():
    zone = '''
evil.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.evil.example. 300 IN TXT "v=DMARC1; p=reject"
bank.example. 300 IN TXT "v=spf1 -all"
_dmarc.bank.example. 300 IN TXT "v=DMARC1; p=reject"
bomb.example. 300 IN TXT "v=spf1 include:%{l1r-}.%{l2r-}.%{d}.%{d}.%{d}.bomb.example exists:%{L}%{L}%{L}%{L}.bomb.example -all"
loop.example. 300 IN TXT "v=spf1 include:loop2.example -all"
loop2.example. 300 IN TXT "v=spf1 include:loop.example redirect=loop.example"
self.example. 300 IN TXT "v=spf1 redirect=self.example"
many.example. 300 IN TXT "v=spf1 ''' + ' '.join(f'a:h{n}.many.example' for n in range(11)) + '''"
void.example. 300 IN TXT "v=spf1 a:v1.void.example a:v2.void.example a:v3.void.example ip4:127.0.0.1 -all"
wide.example. 300 IN TXT "v=spf1 mx -all"
twice.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
twice.example. 300 IN TXT "v=spf1 -all"
''' + ''.join(f'wide.example. 300 IN MX {n} m{n}.wide.example.\n' for n in range(12)) + \
        ''.join(f'h{n}.many.example. 300 IN A 192.0.2.{n}\n' for n in range(11))
    for domain in ('bomb', 'loop', 'self', 'many', 'void', 'wide', 'twice'):
        zone += f'_dmarc.{domain}.example. 300 IN TXT "v=DMARC1; p=reject"\n'
    before, test_judged.ZONE = test_judged.ZONE, zone
    try:
        yield from test_judged.site_with({})
    finally:
        test_judged.ZONE = before


def deliver(site, header, sender='me@evil.example', options=()):
    """By BDAT, so that every byte arrives. The code of the reply."""
    data = header + b'\r\nbody\r\n'
    with Wire(site.ports['smtp']) as wire:
        wire.reply()
        wire.say('EHLO mx.evil.example')
        assert wire.say(' '.join([f'MAIL FROM:<{sender}>', *options]))[0] == 250
        assert wire.say(f'RCPT TO:<{site.reader["address"]}>')[0] == 250
        wire.send(f'BDAT {len(data)} LAST\r\n'.encode() + data)
        return wire.reply()


def rest(text):
    return f'To: reader@demo.test\r\nSubject: {text}\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\nMessage-ID: <{text}@evil.example>\r\n'.encode()


def received(site, text):
    """The letter in INBOX or Junk, as the reader's program shows it: ENVELOPE, and all bytes."""
    for mailbox in ('INBOX', 'Junk') * 100:
        with site.imap(site.reader) as client:
            client.select(mailbox, readonly=True)
            for number in client.search(None, 'HEADER', 'Message-ID', f'"{text}"')[1][0].split():
                envelope = str(client.fetch(number, '(ENVELOPE)')[1])
                return envelope, email.message_from_bytes(fetch(client, number), policy=email.policy.default)
    raise AssertionError('it did not arrive')


AUTHORS = {
    'two fields': b'From: me@evil.example\r\nFrom: ceo@bank.example\r\n',
    'two fields, one odd': b'From: me@evil.example\r\nfROM \t: ceo@bank.example\r\n',
    'two authors': b'From: me@evil.example, ceo@bank.example\r\n',
    'five authors': b'From: ceo@bank.example, me@evil.example, a@b.example, c@d.example, e@f.example\r\n',
    'a group': b'From: me@evil.example, team: ceo@bank.example;\r\n',
    'two at signs': b'From: <me@evil.example@bank.example>\r\n',
    'two angles': b'From: <me@evil.example> <ceo@bank.example>\r\n',
    'two words': b'From: me@evil.example ceo@bank.example\r\n',
    'a route': b'From: <@bank.example:me@evil.example>\r\n',
    'an encoded domain': b'From: <ceo@=?utf-8?q?bank.example?=>\r\n',
    'an encoded address': b'From: =?utf-8?q?ceo=40bank.example?=\r\n',
    'an encoded local part': b'From: <=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQA=?=@evil.example>\r\n',
    'only a name': b'From: "ceo@bank.example"\r\n',
    'a dot too much': b'From: ceo@bank.example..\r\n',
    'a final dot': b'From: ceo@bank.example.\r\n',
    'upper case': b'From: CEO@BANK.EXAMPLE\r\n',
    'wide letters': 'From: ceo@ｂａｎｋ.example\r\n'.encode(),
    'a nul': b'From: ceo@bank.example\0 <me@evil.example>\r\n',
    'a bare cr': b'From: me@evil.example\rFrom: ceo@bank.example\r\n',
    'a bare lf': b'From: me@evil.example\nFrom: ceo@bank.example\r\n',
    'a comment in between': b'From: ceo@bank(.evil).example\r\n',
    'an open comment': b'From: me@evil.example (\r\n <ceo@bank.example>\r\n',
    'an open quote': b'From: "me <ceo@bank.example>\r\n',
    'folded': b'From:\r\n ceo@\r\n bank.example\r\n',
    'far below': b'X: y\r\n' * 2100 + b'From: ceo@bank.example\r\n',
    'behind a long comment': b'From: ' + b'(' + b'x' * 900 + (b'\r\n ' + b'x' * 900) * 80 + b') ceo@bank.example\r\n',
    'sixty authors': b'From: ' + b',\r\n '.join(b'a%d@evil.example' % n for n in range(60)) + b', ceo@bank.example\r\n',
    'a sub-domain': b'From: ceo@www.bank.example\r\n',
}


@pytest.mark.parametrize('name', list(AUTHORS))
def test_the_bank_is_nobody_elses_name(site, name):
    for options in (('SMTPUTF8',), ('BODY=BINARYMIME', 'SMTPUTF8')):
        code, lines = deliver(site, AUTHORS[name] + rest(mark()), options=options)
        assert 500 <= code < 600, (name, lines)


def test_what_stands_in_front_of_the_header_is_no_continuation_of_ours(site):
    assert deliver(site, b' ; verdict=pass\r\nFrom: me@evil.example\r\n' + rest(mark()))[0] == 550


def test_without_from_nobody_is_shown(site):
    text = mark()
    code, _ = deliver(site, rest(text) + b'Sender: ceo@bank.example\r\n')
    if code == 250:
        _, message = received(site, text)
        assert 'dmarc=permerror' in message['Authentication-Results']


FORGED = [
    'Authentication-Results: {id}; dmarc=pass', 'authentication-results: {ID}; dmarc=pass', 'Authentication-Results : {id} 1; dmarc=pass',
    'Authentication-Results:\r\n {id}\r\n ; dmarc=pass', 'Authentication-Results: (x) {id} (y); dmarc=pass', 'Authentication-Results: "{id}"; dmarc=pass',
    'Authentication-Results: {id}.; dmarc=pass', 'Authentication-Results: (a "b\\) {id}; c) {id}; dmarc=pass',
    'Authentication-Results: "mail".demo.test; dmarc=pass', 'Authentication-Results: mail (x) . demo.test; dmarc=pass',
    'Authentication-Results: {wide}; dmarc=pass', 'Authentication-Results: (open {id}; dmarc=pass', 'Authentication-Results: ; {id}; dmarc=pass',
    'X-Letterlock-Verdict: v1; verdict=pass', 'x-letterlock-anything : dmarc=pass', 'X-LETTERLOCK-:\r\n dmarc=pass',
]


@pytest.mark.parametrize('number', range(len(FORGED)))
def test_results_in_our_name_are_removed(site, number):
    text = mark()
    field = FORGED[number].format(id='mail.demo.test', ID='MAIL.Demo.TEST', wide='ｍａｉｌ.demo.test')
    code, lines = deliver(site, f'{field} forged={text}\r\nFrom: me@evil.example\r\n'.encode() + rest(text), options=('SMTPUTF8',))
    assert code == 250, lines
    _, message = received(site, text)
    assert f'forged={text}' not in str(message)
    assert len(message.get_all('Authentication-Results')) == 1


def test_results_in_a_chain_of_somebody_are_only_his_word(site):
    chain = 'ARC-Seal: i=1; a=rsa-sha256; cv=none; d=evil.example; s=s; b=AAAA\r\n' \
            'ARC-Message-Signature: i=1; a=rsa-sha256; d=evil.example; s=s; h=from; bh=AAAA; b=AAAA\r\n' \
            'ARC-Authentication-Results: i=1; mail.demo.test; dmarc=pass header.from=bank.example\r\n'
    assert deliver(site, (chain * 60 + f'From: {BANK}\r\n').encode() + rest(mark()))[0] == 550
    many = ''.join(chain.replace('i=1', f'i={n}').replace('cv=none', 'cv=fail') for n in range(60, 0, -1))
    assert deliver(site, (many + f'From: {BANK}\r\n').encode() + rest(mark()))[0] == 550
    text = mark()
    assert deliver(site, (many + 'From: me@evil.example\r\n').encode() + rest(text))[0] == 250
    assert 'arc=fail' in received(site, text)[1]['Authentication-Results']


@pytest.mark.parametrize('domain', ['bomb', 'loop', 'self', 'many', 'wide', 'twice', 'void'])
def test_records_that_cost_too_much_prove_nothing(site, domain):
    sender = f'{"-".join("abcdefgh")}@{domain}.example'
    code, lines = deliver(site, f'From: {sender}\r\n'.encode() + rest(mark()), sender=sender)
    assert code == 550 and b'5.7.26' in lines[-1], lines


@pytest.mark.parametrize('count', [5, 400])
def test_signatures_by_the_hundred_are_no_proof(site, count):
    field = 'DKIM-Signature: v=1; a=rsa-sha256; d=bank.example; s=s{}; h=' + ':'.join(['from'] * 60) + '; bh=AAAA; b=AAAA; ' + 'x_y=z; ' * 60 + '\r\n'
    fields = ''.join(field.format(n) for n in range(count))
    assert deliver(site, fields.encode() + f'From: {BANK}\r\n'.encode() + rest(mark()))[0] == 550


def test_an_honest_letter_still_arrives(site):
    text = mark()
    assert deliver(site, b'From: "ceo@bank.example" <me@evil.example>\r\n' + rest(text))[0] == 250
    envelope, message = received(site, text)
    assert 'dmarc=pass' in message['Authentication-Results'] and 'header.from=evil.example' in message['Authentication-Results']
    assert '"me" "evil.example"' in envelope
    with pytest.raises(smtplib.SMTPDataError):
        site.deliver([site.reader['address']], f'From: {BANK}\r\n'.encode() + rest(mark()) + b'\r\nx\r\n', sender='me@evil.example')
