"""What is good once, shown many times at the same moment; and what a limit counts, asked for by many at once."""
import concurrent.futures
import json
import secrets
import socket
import threading

import pytest

from api import totp
from attacker import DOMAIN, PASSWORD, Place
from browser import Browser, solve

WRONG = 'zaun-trichter-quelle-birke'
AT_ONCE = 12


def place(work):
    made = Place({'auth': {'failure_delay': '10ms'}, 'limits': {'logins_per_minute': 0, 'sessions_per_user': 0}, 'web': {'work': work, 'work_bits': 4}}, seed=False)
    made.instance.cli('domain', 'add', DOMAIN)
    return made


@pytest.fixture(scope='module')
def web():
    made = place('never')
    yield made
    made.end()


@pytest.fixture(scope='module')
def wary():
    made = place('after_failures')
    yield made
    made.end()


@pytest.fixture
def person(web):
    return made_at(web)


def made_at(web):
    address = f'r{secrets.token_hex(5)}@{DOMAIN}'
    assert local(web, 'user.add', address=address, password=PASSWORD)['status'] == 0
    assert local(web, 'user.passwd', address=address, old=PASSWORD, new=PASSWORD + '-own')['status'] == 0
    return {'address': address, 'password': PASSWORD + '-own'}


def local(web, op, **args):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(web.instance.path('run', 'admin.sock'))
        s.sendall(json.dumps({'op': op, 'args': args}).encode() + b'\n')
        return json.loads(s.makefile().readline())


def together(*calls):
    """All at once, each from a thread of its own; their answers in that order."""
    barrier = threading.Barrier(len(calls))

    def one(call):
        barrier.wait()
        return call()
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(one, call) for call in calls]]


def codes(answers):
    return sorted('in' if a.status == 200 else a.code for a in answers)


def tries(web, person, **more):
    return codes(together(*[lambda: Browser(web).start(person, **more) for _ in range(AT_ONCE)]))


def test_digits_sign_in_once(web, person):
    browser = Browser(web).sign_in(person)
    begun = browser.done('factor.totp.begin', label='phone')
    browser.done('factor.totp.confirm', id=begun['id'], code=totp(begun['secret'], step=-1))
    assert tries(web, person, proof={'kind': 'totp', 'code': totp(begun['secret'], step=0)}) == ['factor'] * (AT_ONCE - 1) + ['in']


def test_a_recovery_code_signs_in_once(web, person):
    browser = Browser(web).sign_in(person)
    begun = browser.done('factor.totp.begin', label='phone')
    browser.done('factor.totp.confirm', id=begun['id'], code=totp(begun['secret'], step=-1))
    browser = Browser(web).sign_in(person, proof={'kind': 'totp', 'code': totp(begun['secret'], step=0)})
    code = browser.done('factor.codes.make')['codes'][0]
    assert tries(web, person, proof={'kind': 'codes', 'code': code}) == ['factor'] * (AT_ONCE - 1) + ['in']


def test_the_code_for_a_lost_password_resets_it_once(web, person):
    code = Browser(web).sign_in(person).done('recovery.make')['recovery_code']
    answers = together(*[lambda n=n: Browser(web).call('user.reset', address=person['address'], recovery_code=code, new=f'{PASSWORD}-reset-{n}') for n in range(AT_ONCE)])
    assert [a.status for a in answers].count(200) == 1, codes(answers)
    opened = [n for n in range(AT_ONCE) if Browser(web).start({**person, 'password': f'{PASSWORD}-reset-{n}'}).status == 200]
    assert [answers[n].status for n in opened] == [200]


def test_a_password_is_changed_by_one(web, person):
    browsers = [Browser(web).sign_in(person) for _ in range(4)]
    answers = together(*[lambda b=b, n=n: b.call('user.passwd', address=person['address'], old=person['password'], new=f'{PASSWORD}-new-{n}')
                         for n, b in enumerate(browsers)])
    assert [a.status for a in answers].count(200) == 1, codes(answers)
    assert all(not b.who()['signed_in'] for b in browsers), 'all sessions are over'


def test_guesses_at_once_are_all_counted(wary):
    """Nobody has more tries without work by asking for all of them before the first is answered."""
    person = made_at(wary)
    tries(wary, {**person, 'password': WRONG})
    assert Browser(wary).start(person).code == 'work_needed'
    assert tries(wary, {**person, 'password': WRONG}) == ['work_needed'] * AT_ONCE


def test_a_solution_is_good_for_one_look(wary):
    """Of many who show the same work at once one is looked at."""
    person = made_at(wary)
    while (asked := Browser(wary).start({**person, 'password': WRONG})).code != 'work_needed':
        pass
    work = solve(asked.json()['work'])
    assert tries(wary, {**person, 'password': WRONG}, work=work) == ['password'] + ['work_needed'] * (AT_ONCE - 1)


def test_an_address_that_a_client_claims_is_nobodys(wary):
    person, claims = made_at(wary), ('X-Forwarded-For', 'X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Client-IP', 'Client-IP')
    for n in range(4):
        fields = {name: f'198.18.0.{n}' for name in claims} | {'Forwarded': f'for=198.18.0.{n}'}
        Browser(wary).ask('POST', '/api/session', {'address': f'n{n}@{DOMAIN}', 'password': WRONG}, fields)
    assert Browser(wary).start(person).code == 'work_needed', 'all of them came from here'
    assert '198.18.0.' not in wary.log()
