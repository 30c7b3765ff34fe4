"""A mailbox learns what is junk from what its reader moves, for this reader alone."""
import contextlib
import email
import email.policy
import time

import pytest

from conftest import end_site, make_site
from mail import fetch, letter, mark
from test_revoke import new_user

ZONE = '''
shop.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.shop.example. 300 IN TXT "v=DMARC1; p=reject"
'''
OFFER = ('Jackpot casino bonus freespins for number{0}\r\nCheap pharmacy tablets and miracle diet, order{0} now at https://deals.shop.example/{0}\r\n'
         'Lottery winner claims prize unclaimed transfer commission beneficiary fortune\r\nReplica watches discount luxury clearance limited\r\n')
WORK = ('Budget meeting minutes of project{0}\r\nThe schedule review moved, invoice{0} attached for the contract and the holiday calendar\r\n'
        'Quarterly planning workshop agenda participants deadline responsible department\r\nCanteen menu printer maintenance parking\r\n')


@pytest.fixture(scope='module')
def learning():
    made = make_site(seed=False)
    try:
        with open(made.instance.path('zone'), 'a', encoding='ascii') as f:
            f.write(ZONE)
        made.instance.cli('reload')
        made.instance.cli('domain', 'add', 'demo.test')
        made.ann, made.bob = new_user(made, 'ann'), new_user(made, 'bob')
        yield made
    finally:
        end_site(made)


def deliver(site, user, text, body, number=0):
    site.deliver([user['address']], letter('sales@shop.example', user['address'], text, body.format(number)), sender='sales@shop.example')


def where(site, user, text, seconds=30):
    """The mailbox that the letter is filed in, and the letter."""
    end = time.monotonic() + seconds
    while True:
        with site.imap(user) as client:
            for mailbox in ('INBOX', 'Junk'):
                client.select(mailbox)
                found = client.search(None, 'SUBJECT', f'"{text}"')[1][0].split()
                if found:
                    return mailbox, email.message_from_bytes(fetch(client, found[0]), policy=email.policy.default)
        assert time.monotonic() < end, f'{text} is nowhere'
        time.sleep(0.2)


def move(site, user, text, source, target):
    with site.imap(user) as client:
        client.select(source)
        numbers = b','.join(client.search(None, 'SUBJECT', f'"{text}"')[1][0].split())
        assert client._simple_command('MOVE', numbers.decode(), target)[0] == 'OK'  # pylint: disable=protected-access


def goes_to(site, user, body, wanted, seconds=60):
    """Letters are sent until one goes there: learning happens in the background."""
    end = time.monotonic() + seconds
    number = 1000
    while True:
        text, number = mark(), number + 1
        deliver(site, user, text, body, number)
        mailbox, message = where(site, user, text)
        if mailbox == wanted:
            return message
        assert time.monotonic() < end, f'still in {mailbox}: {message["X-Letterlock-Verdict"]} {message["X-Letterlock-Filed"]}'
        time.sleep(0.5)


def test_one_reader_teaches_and_the_other_is_not_touched(learning):
    offers, work = mark(), mark()
    for i in range(30):
        deliver(learning, learning.ann, f'{offers} {i}', OFFER, i)
        deliver(learning, learning.ann, f'{work} {i}', WORK, i)
    learning.find(learning.ann, offers, count=30, seconds=60)
    learning.find(learning.ann, work, count=30, seconds=60)
    with learning.imap(learning.ann) as client:
        client.select('INBOX')
        client.store('1:*', '+FLAGS', r'(\Seen)')
    move(learning, learning.ann, offers, 'INBOX', 'Junk')
    message = goes_to(learning, learning.ann, OFFER, 'Junk')
    assert message['X-Letterlock-Filed'].startswith('v1; mailbox=junk; score=')
    assert 'learnt_junk' in message['X-Letterlock-Filed']
    goes_to(learning, learning.ann, WORK, 'INBOX')
    goes_to(learning, learning.bob, OFFER, 'INBOX')

    # It outlives a restart.
    learning.instance.stop()
    learning.instance.start()
    text = mark()
    deliver(learning, learning.ann, text, OFFER, 7)
    assert where(learning, learning.ann, text)[0] == 'Junk'

    # What is moved back is taken back.
    move(learning, learning.ann, offers, 'Junk', 'INBOX')
    goes_to(learning, learning.ann, OFFER, 'INBOX')
    move(learning, learning.ann, offers, 'INBOX', 'Junk')
    goes_to(learning, learning.ann, OFFER, 'Junk')

    with contextlib.ExitStack() as stack:
        for session in (False, True):  # while the mailbox is open too
            if session:
                stack.enter_context(learning.imap(learning.ann))
            assert learning.instance.cli('user', 'junk', 'reset', learning.ann['address'], check=False)[0] == 0
    goes_to(learning, learning.ann, OFFER, 'INBOX')
