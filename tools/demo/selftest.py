"""What ./dev demo --selftest looks at, through the front doors only."""
import imaplib
import os
import poplib
import smtplib
import sys
import time

from people import OUTSIDE


def tls(instance):
    context = instance.tls()
    context.check_hostname = False
    return context


def imap(instance, user):
    client = imaplib.IMAP4_SSL('127.0.0.1', instance.ports['imaps'], ssl_context=tls(instance))
    client.login(user['address'], user['password'])
    return client


def everyone_signs_in(instance, users):
    for user in users:
        with imap(instance, user) as client:
            assert client.select('INBOX', readonly=True)[0] == 'OK'


def a_letter_goes_from_one_to_the_other(instance, users):
    sender, reader = users[0], users[1]
    mark = f'selftest-{os.getpid()}-{time.time_ns()}'
    text = f'From: {sender["address"]}\r\nTo: {reader["address"]}\r\nSubject: {mark}\r\n\r\nSelf-test.\r\n'
    with smtplib.SMTP_SSL('127.0.0.1', instance.ports['submissions'], context=tls(instance)) as client:
        client.login(sender['address'], sender['password'])
        client.sendmail(sender['address'], [reader['address']], text)
    with imap(instance, reader) as client:
        client.select('INBOX')
        end = time.monotonic() + 10
        while not (found := client.search(None, 'SUBJECT', mark)[1][0].split()):
            assert time.monotonic() < end, 'the letter did not arrive in 10 s'
            time.sleep(0.1)
            client.noop()
        client.store(found[0], '+FLAGS', '\\Deleted')
        client.expunge()


def the_outside_is_reached(instance, users):
    sender = users[0]
    name = f'selftest{time.time_ns()}'
    with smtplib.SMTP_SSL('127.0.0.1', instance.ports['submissions'], context=tls(instance)) as client:
        client.login(sender['address'], sender['password'])
        client.sendmail(sender['address'], [f'{name}@{OUTSIDE}'], f'From: {sender["address"]}\r\nSubject: out\r\n\r\nHello.\r\n')
    end = time.monotonic() + 15
    while not any(name in os.path.join(folder, *files) for folder, _, files in os.walk(os.path.realpath(instance.path('outside')))):
        assert time.monotonic() < end, 'the letter did not reach the outside in 15 s'
        time.sleep(0.1)


def pop3_counts_what_imap_counts(instance, users):
    user = users[0]
    with imap(instance, user) as client:
        there = int(client.select('INBOX', readonly=True)[1][0])
    pop = poplib.POP3_SSL('127.0.0.1', instance.ports['pop3s'], context=tls(instance))
    pop.user(user['address'])
    pop.pass_(user['password'])
    count = pop.stat()[0]
    pop.quit()
    assert count == there, f'POP3 has {count}, IMAP {there}'


def no_password_without_tls(instance, users):
    client = imaplib.IMAP4('127.0.0.1', instance.ports['imap'])
    try:
        client.login(users[0]['address'], users[0]['password'])
    except imaplib.IMAP4.error:
        return
    finally:
        client.shutdown()
    raise AssertionError('a password was taken without TLS')


def the_server_says_it_is_well(instance, users):
    roles = instance.cli('status')['roles']
    assert roles and all(role['restarts'] == 0 for role in roles), 'a role was restarted'
    instance.cli('check', '--store')


CHECKS = [everyone_signs_in, a_letter_goes_from_one_to_the_other, the_outside_is_reached, pop3_counts_what_imap_counts,
          no_password_without_tls, the_server_says_it_is_well]


def run(instance, users):
    failed = 0
    for check in CHECKS:
        try:
            check(instance, users)
        except Exception as error:  # every kind of failure is a finding here
            failed += 1
            print(f'selftest: {check.__name__}: {error or type(error).__name__}', file=sys.stderr)
    print(f'selftest: {len(CHECKS) - failed} of {len(CHECKS)} good')
    return 1 if failed else 0
