"""Mail in and out by Python's smtplib."""
import re
import smtplib

import pytest

from mail import Wire, letter, mark, sha


def test_a_letter_from_outside_arrives_byte_for_byte(site):
    subject, user = mark(), site.user('james.carter')
    data = letter('stranger@outside.test', user['address'], subject, 'Ümläut, 中文, 日本語.\r\n.\r\n..dots\r\n' + 'x' * 900 + '\r\n')
    site.deliver([user['address']], data)
    (raw,) = site.find(user, subject)
    assert sha(raw[-len(data):]) == sha(data)
    assert raw.startswith(b'Return-Path: <stranger@outside.test>\r\n')
    assert b'\r\nReceived: from ' in raw[:len(raw) - len(data)]


def test_a_letter_goes_from_one_to_several(site):
    subject = mark()
    to = [site.user(p)['address'] for p in ('anna.schmidt', 'chen.yu', 'zhao.min')]
    data = letter('"Lin" <lin.xiaomei@demo.test>', to, subject)
    site.send(site.user('lin.xiaomei'), to, data)
    for local in ('anna.schmidt', 'chen.yu', 'zhao.min'):
        (raw,) = site.find(site.user(local), subject)
        assert raw.endswith(data)


def test_groups_aliases_and_subaddresses_reach_their_people(site):
    subject = mark()
    to = ['info@demo.test', 'office@demo.test', 'chen.yu+projects@demo.test', 'ANNA.SCHMIDT@DEMO.TEST']
    site.deliver(to, letter('x@outside.test', to, subject))
    for local in ('zhao.min', 'maria.rossi', 'anna.schmidt'):
        site.find(site.user(local), subject)
    site.find(site.user('chen.yu'), subject, mailbox='Projects')  # he has a mailbox of this name


def test_unknown_recipients_are_refused_at_rcpt(site):
    with site.smtp() as client:
        client.ehlo()
        assert client.mail('x@outside.test')[0] == 250
        assert client.rcpt('nobody.here@demo.test')[0] == 550
        assert client.rcpt('someone@elsewhere.test')[0] in (550, 554)
        assert client.rcpt(site.user('wang.lei')['address'])[0] == 250


def test_what_says_that_it_is_larger_than_the_room_is_refused_at_rcpt(site):
    address = 'olivia.brown@demo.test'
    site.instance.cli('user', 'set', address, '--quota', '1000000')
    try:
        for size, code in ((900000, 250), (1100000, 452)):
            with site.smtp() as client:
                client.ehlo()
                assert client.mail('x@outside.test', [f'SIZE={size}'])[0] == 250
                assert client.rcpt(address)[0] == code
    finally:
        site.instance.cli('user', 'set', address, '--quota', '0')


def test_extensions_are_announced(site):
    with site.smtp() as client:
        client.ehlo()
        for name in ('pipelining', 'size', '8bitmime', 'smtputf8', 'enhancedstatuscodes', 'starttls', 'chunking', 'binarymime', 'dsn'):
            assert client.has_extn(name), name
        assert not client.has_extn('auth')


def test_one_may_only_send_as_oneself(site):
    user = site.user('wang.lei')
    with site.smtp(user) as client:
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail('lin.xiaomei@demo.test', ['x@outside.test'], letter('lin.xiaomei@demo.test', 'x@outside.test', mark()))
    with site.smtp(user) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail(user['address'], ['x@outside.test'], letter('lin.xiaomei@demo.test', 'x@outside.test', mark()))


def test_bcc_is_removed_at_submission(site):
    subject, user, secret = mark(), site.user('lin.xiaomei'), site.user('wang.lei')
    site.send(user, [site.user('chen.yu')['address'], secret['address']],
              letter(user['address'], 'chen.yu@demo.test', subject, extra=f'Bcc: {secret["address"]}\r\n'))
    for local in ('chen.yu', 'wang.lei'):
        (raw,) = site.find(site.user(local), subject)
        assert b'\nBcc:' not in raw


def test_no_sign_in_without_tls(site):
    with smtplib.SMTP('127.0.0.1', site.ports['submission'], timeout=20) as client:
        client.ehlo()
        assert not client.has_extn('auth')
        code, _ = client.docmd('AUTH', 'PLAIN AGEAYg==')
        assert code in (530, 538, 503)
        assert client.mail('x@demo.test')[0] == 530
        client.starttls(context=site.tls())
        client.ehlo()
        assert client.has_extn('auth')
        user = site.user('wang.lei')
        client.login(user['address'], user['password'])


def test_a_wrong_password_is_refused(site):
    with smtplib.SMTP_SSL('127.0.0.1', site.ports['submissions'], context=site.tls(), timeout=20) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(site.user('wang.lei')['address'], 'wrong')


def test_chunking_and_pipelining(site):
    subject, user = mark(), site.user('maria.rossi')
    data = letter('x@outside.test', user['address'], subject, 'chunks\r\n' * 2000)
    half = len(data) // 2
    with Wire(site.ports['smtp']) as wire:
        wire.reply()
        wire.say('EHLO mx.outside.test')
        wire.send(f'MAIL FROM:<x@outside.test>\r\nRCPT TO:<{user["address"]}>\r\nBDAT {half}\r\n'.encode() + data[:half]
                  + f'BDAT {len(data) - half} LAST\r\n'.encode() + data[half:])
        assert [wire.reply()[0] for _ in range(4)] == [250, 250, 250, 250]
        assert wire.say('QUIT')[0] == 221
    (raw,) = site.find(user, subject)
    assert raw.endswith(data)


def test_a_success_report_is_sent_when_asked_for(site):
    subject, user, reader = mark(), site.user('anna.schmidt'), site.user('chen.yu')
    with site.smtp(user) as client:
        client.sendmail(user['address'], [reader['address']], letter(user['address'], reader['address'], subject),
                        mail_options=['RET=HDRS', 'ENVID=e1'], rcpt_options=['NOTIFY=SUCCESS'])
    site.find(reader, subject)
    report = site.report(user, subject)
    assert re.search(rb'Action: (delivered|relayed|expanded)', report)
    assert b'Original-Envelope-Id: e1' in report
