"""Mail from outside is judged: who sent it, what follows, what is remembered. The domains of the test stand in dns.zone."""
import email
import email.policy
import shutil
import smtplib
import tempfile
import time
from email.header import Header

import pytest

from conftest import PROGRAMS, end_site
from instance import Instance, free_port_base
from mail import HOST, Site, fetch, letter, mark
from test_revoke import new_user

ZONE = '''
good.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.good.example. 300 IN TXT "v=DMARC1; p=reject"
strict.example. 300 IN TXT "v=spf1 -all"
_dmarc.strict.example. 300 IN TXT "v=DMARC1; p=reject"
careful.example. 300 IN TXT "v=spf1 -all"
_dmarc.careful.example. 300 IN TXT "v=DMARC1; p=quarantine"
'''


@pytest.fixture(scope='module')
def judged():
    yield from site_with({'trust.greylist': '3s', 'xclient_from': ['127.0.0.1'], 'relay.retry': ['1s']})


def site_with(options):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    instance = Instance(directory, free_port_base(), PROGRAMS, options=options)
    instance.setup()
    with open(instance.path('zone'), 'a', encoding='ascii') as f:
        f.write(ZONE)
    site = Site(instance, [])
    try:
        instance.start()
        instance.cli('domain', 'add', 'demo.test')
        site.reader = new_user(site, 'reader')
        yield site
    finally:
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


def deliver(site, sender, text, extra=''):
    site.deliver([site.reader['address']], letter(sender, site.reader['address'], text, extra=extra), sender=sender)


def received(site, text, mailbox='INBOX'):
    site.find(site.reader, text, mailbox)
    with site.imap(site.reader) as client:
        client.select(mailbox)
        number = client.search(None, 'SUBJECT', f'"{text}"')[1][0].split()[0]
        return email.message_from_bytes(fetch(client, number), policy=email.policy.default)


def results(message):
    return ' '.join(message.get_all('Authentication-Results', []))


def test_the_results_stand_in_the_header(judged):
    text = mark()
    deliver(judged, 'ann@good.example', text)
    said = results(received(judged, text))
    assert said.startswith('mail.demo.test;')
    assert 'spf=pass smtp.mailfrom=ann@good.example' in said
    assert 'dmarc=pass' in said and 'header.from=good.example' in said


def test_a_domain_that_asks_for_it_is_not_forged_here(judged):
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(judged, 'boss@strict.example', mark())
    assert refused.value.smtp_code == 550 and b'5.7.26' in refused.value.smtp_error


def test_mail_that_is_to_be_put_aside_is_in_junk(judged):
    text = mark()
    deliver(judged, 'boss@careful.example', text)
    message = received(judged, text, 'Junk')
    assert 'dmarc=fail (p=quarantine dis=quarantine)' in results(message)


def test_results_in_our_name_do_not_come_from_outside(judged):
    text = mark()
    forged = 'Authentication-Results: mail.demo.test; dmarc=pass header.from=bank.example\r\nX-Letterlock-Verdict: v1; verdict=pass\r\n' \
             'Authentication-Results: elsewhere.example; spf=pass\r\n'
    deliver(judged, 'cheat@outside.test', text, forged)
    message = received(judged, text)
    said = message.get_all('Authentication-Results')
    assert len(said) == 2 and 'elsewhere.example' in said[1] and 'bank.example' not in ' '.join(said)
    assert len(message.get_all('X-Letterlock-Verdict')) == 1
    assert 'score=' in message['X-Letterlock-Verdict']


def test_a_sender_becomes_known(judged):
    first, second = mark(), mark()
    deliver(judged, 'new@good.example', first)
    assert 'first_contact' in received(judged, first)['X-Letterlock-Verdict']
    end = time.monotonic() + 30
    while True:
        deliver(judged, 'new@good.example', second)
        if 'first_contact' not in received(judged, second)['X-Letterlock-Verdict']:
            return
        assert time.monotonic() < end, 'it is still a first contact'
        second = mark()
        time.sleep(0.5)


def test_the_trace_tells_what_each_check_said(judged):
    text = mark()
    deliver(judged, 'ann@good.example', text)
    received(judged, text)
    with open(judged.instance.path('log', 'letterlockd.log'), encoding='utf-8') as f:
        line = [x for x in f if 'event=mail.judged' in x and 'domain=good.example' in x][-1]
    assert 'spf=pass' in line and 'dmarc=pass' in line and 'checks=' in line


def deliver_from(site, address, sender, text):
    """As a host of the internet: a trusted proxy says who it is."""
    with smtplib.SMTP(HOST, site.ports['smtp']) as client:
        client.ehlo('proxy.test')
        assert client.docmd(f'XCLIENT ADDR={address} NAME=[UNAVAILABLE]')[0] == 220
        client.ehlo('mail.somewhere.example')
        client.sendmail(sender, [site.reader['address']], letter(sender, site.reader['address'], text))


def test_a_stranger_has_to_come_again_and_then_need_not(judged):
    sender, text = 'peddler@somewhere.example', mark()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver_from(judged, '203.0.113.7', sender, text)
    assert refused.value.smtp_code == 451 and b'4.7.1' in refused.value.smtp_error
    end = time.monotonic() + 60
    while True:
        try:
            deliver_from(judged, '203.0.113.8', sender, text)  # of the same network
            break
        except smtplib.SMTPDataError as error:
            assert error.smtp_code == 451 and time.monotonic() < end
            time.sleep(0.5)
    deliver_from(judged, '203.0.113.9', sender, mark())
    # From another network it is new again.
    with pytest.raises(smtplib.SMTPDataError):
        deliver_from(judged, '198.51.100.9', sender, mark())


def test_whom_we_wrote_to_does_not_wait(judged):
    sender = 'friend@outside.test'
    judged.send(judged.reader, [sender], letter(judged.reader['address'], sender, mark()))
    end = time.monotonic() + 60
    for network in range(200):
        # Each time another network: a stranger would have to come again every time.
        try:
            deliver_from(judged, f'203.0.{network}.77', sender, mark())
            return
        except smtplib.SMTPDataError as error:
            # What was remembered a moment ago is written within a second.
            assert error.smtp_code == 451 and time.monotonic() < end
            time.sleep(0.2)
    pytest.fail('it still waits')


@pytest.mark.parametrize('shown', ['林晓梅', '林曉梅', 'Lin Xiaomei', '林晓梅 (财务部)'])
def test_a_stranger_with_the_name_of_one_of_us_is_noticed(judged, shown):
    known = judged.instance.cli('user', 'list')['users']
    if not any(user['address'] == 'xiaomei@demo.test' for user in known):
        judged.instance.cli('user', 'add', 'xiaomei@demo.test', '--name', '林晓梅', '--stdin', stdin='a long pass word 7\n')
    text, to = mark(), judged.reader['address']
    name = Header(shown, 'utf-8').encode()
    data = letter('boss@outside.test', to, text).replace(b'From: boss@outside.test', f'From: {name} <boss@outside.test>'.encode())
    assert name.encode() in data
    judged.deliver([to], data, sender='boss@outside.test')
    said = find_anywhere(judged, text)['X-Letterlock-Verdict']
    assert 'name_person=' in said and 'person=xiaomei@demo.test' in said


def test_behind_a_gateway_nothing_is_judged_again():
    for site in site_with({'trust.judge': 'no'}):
        text = mark()
        deliver(site, 'boss@strict.example', text, 'X-Letterlock-Verdict: v1; verdict=pass\r\n')
        message = received(site, text)
        assert 'Authentication-Results' not in message
        # What nobody here has said is not said in our name either.
        assert 'X-Letterlock-Verdict' not in message


def find_anywhere(site, text, seconds=30):
    """In INBOX or in Junk, where such a letter may well be."""
    end = time.monotonic() + seconds
    while True:
        for mailbox in ('INBOX', 'Junk'):
            with site.imap(site.reader) as client:
                client.select(mailbox)
                numbers = client.search(None, 'SUBJECT', f'"{text}"')[1][0].split()
                if numbers:
                    return email.message_from_bytes(fetch(client, numbers[0]), policy=email.policy.default)
        assert time.monotonic() < end, f'{text} did not arrive'
        time.sleep(0.2)
