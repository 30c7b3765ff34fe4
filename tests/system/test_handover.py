"""A filter process ends after its share of messages, or on one of them, and another takes its place: no other message may suffer from that."""
import os
import signal
import threading
import time

import pytest
from conftest import end_site, make_site
from mail import letter, mark
from test_revoke import FAULT_PROGRAMS, new_user

SENDERS = 4
SHARE = 1300  # of a sender: every filter gets more than its thousand
HELD_UP_S = 0.8


@pytest.fixture(scope='module')
def house():
    made = make_site({'workers': {'filter': 2}})
    yield made
    end_site(made)


def log_of(site):
    with open(site.instance.path('log/letterlockd.log'), encoding='utf-8', errors='replace') as f:
        return f.read()


def filters(site):
    return sorted(int(line.split('pid=')[1].split()[0]) for line in log_of(site).splitlines() if 'mod=filter event=role.start' in line)[-2:]


def send(site, number, subject, failures):
    to = site.users[0]['address']
    with site.smtp() as client:
        for _ in range(number):
            try:
                client.sendmail('stranger@outside.test', to, letter('stranger@outside.test', to, subject))
            except OSError as e:
                failures.append(e)
                return


def together(site, number, subject, meanwhile=None):
    failures = []
    threads = [threading.Thread(target=send, args=(site, number, subject, failures)) for _ in range(SENDERS)]
    for t in threads:
        t.start()
    if meanwhile:
        meanwhile()
    for t in threads:
        t.join()
    assert not failures, failures


def count(site, subject):
    with site.imap(site.users[0]) as client:
        client.select('INBOX', readonly=True)
        return len(client.search(None, 'SUBJECT', subject)[1][0].split())


def hold_up(site):
    """Both stand still past the quiet time after which they end, while messages come."""
    held = filters(site)
    time.sleep(0.05)
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(HELD_UP_S)
    for pid in held:
        os.kill(pid, signal.SIGCONT)


def test_filters_that_were_held_up_end_only_when_nothing_lies_before_them(house):
    subject = mark()
    together(house, SHARE, subject)
    together(house, 20, subject, lambda: hold_up(house))
    time.sleep(2)
    told = log_of(house)
    assert told.count('mod=filter event=role.stop') >= 2 # they did end, one after the other
    assert 'event=filter.crashed' not in told
    assert 'event=filter.opaque' not in told
    deadline = time.monotonic() + 60
    while (arrived := count(house, subject)) != SENDERS * (SHARE + 20):
        assert time.monotonic() < deadline, arrived
        time.sleep(0.2)


def test_a_message_that_ends_its_filter_is_alone_in_that():
    """Now and then a message ends the process; those that wait behind it are no suspects, and it passes at its second try."""
    os.environ.update(LETTERLOCK_FAULT='filter_sealed:20:kill', LETTERLOCK_FAULT_ROLE='filter')
    try:
        dying = make_site({'workers': {'filter': 1}}, seed=False, programs=FAULT_PROGRAMS)
    finally:
        del os.environ['LETTERLOCK_FAULT'], os.environ['LETTERLOCK_FAULT_ROLE']
    try:
        dying.instance.cli('domain', 'add', 'demo.test')
        dying.users.append(new_user(dying, 'reader'))
        together(dying, 10, mark())
        told = log_of(dying)
        assert told.count('event=smtp.accepted') == SENDERS * 10
        assert 1 <= told.count('event=filter.crashed') == told.count('event=role.crash peer=filter')  # one message each time
        assert 'event=filter.opaque' not in told
    finally:
        end_site(dying)
