"""What people teach their mailboxes about junk helps those who taught nothing; officers see how much, and may have it forgotten."""
import time

import pytest

from conftest import end_site, make_site
from mail import letter, mark
from test_malware import officer_session

PEOPLE, OF_EACH = 3, 20
BAD, GOOD = 'jackpot lottery casino winner freespins pharmacy', 'minutes budget project review schedule'


@pytest.fixture(scope='module')
def house():
    made = make_site(seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    made.officer = officer_session(made)
    made.people = [new_user(made) for _ in range(PEOPLE + 1)]
    yield made
    end_site(made)


def new_user(site):
    user = {'address': f'{mark()[:12]}@demo.test', 'password': 'first-password-1'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    return user


def text(words, number):
    return letter('promo@deals.test', 'x@demo.test', f'{words} {number}', f'{words}\r\n' * 4 + f'number{number}\r\n')


def teach(site, user):
    """Junk that is put into Junk, and good letters that are taken out of it."""
    with site.imap(user) as client:
        for i in range(OF_EACH):
            assert client.append('Junk', '', None, text(BAD, f'{user["address"][:9]}{i}'))[0] == 'OK'
            assert client.append('INBOX', r'(\Seen)', None, text(GOOD, f'{user["address"][:9]}{i}'))[0] == 'OK'
        client.select('INBOX')
        assert client.store('1:*', '+FLAGS', '($NotJunk)')[0] == 'OK'


def shown(site, wanted, seconds=90):
    end = time.monotonic() + seconds
    while True:
        result = site.instance.cli('junk', 'show')
        if wanted(result):
            return result
        assert time.monotonic() < end, result
        time.sleep(0.5)


def filed_in(site, user, words, seconds=60):
    subject = mark()
    site.deliver([user['address']], letter('promo@deals.test', user['address'], f'{subject} {words}', f'{words}\r\n' * 4), sender='promo@deals.test')
    end = time.monotonic() + seconds
    while True:
        for box in ('INBOX', 'Junk'):
            with site.imap(user) as client:
                if client.select(box, readonly=True)[0] == 'OK' and client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split():
                    return box
        assert time.monotonic() < end
        time.sleep(0.2)


def test_three_people_teach_what_a_fourth_gets(house):
    reader = house.people[PEOPLE]
    assert filed_in(house, reader, BAD) == 'INBOX'
    teach(house, house.people[0])
    state = shown(house, lambda r: r['junk'] == OF_EACH and r['good'] == OF_EACH)
    assert not state['speaks'] and state['people'] == 1
    for user in house.people[1:PEOPLE]:
        teach(house, user)
    shown(house, lambda r: r['speaks'] and r['junk'] == PEOPLE * OF_EACH)
    end = time.monotonic() + 120
    while filed_in(house, reader, BAD) != 'Junk':  # shards ask now and then
        assert time.monotonic() < end
    assert filed_in(house, reader, GOOD) == 'INBOX'
    with house.imap(reader) as client:
        client.select('Junk', readonly=True)
        assert b'house=' in client.fetch('1', '(BODY[HEADER])')[1][0][1]


# Behind the one that teaches.
def test_it_survives_a_restart_and_is_forgotten_when_an_officer_says_so(house):
    before = shown(house, lambda r: r['speaks'])
    house.instance.stop()
    house.instance.start()
    after = shown(house, lambda r: r['speaks'])
    assert (before['junk'], before['good'], before['words']) == (after['junk'], after['good'], after['words'])
    assert house.instance.cli('--yes', 'junk', 'forget', session=house.officer)['junk'] == 0
    assert not shown(house, lambda r: r['words'] == 0)['speaks']


def test_an_officer_teaches_from_files_in_the_name_of_people(house, tmp_path):
    """A letter counts once for each person; what was taught is taken back; the limit of a person holds."""
    files = []
    for i in range(OF_EACH + 2):
        files.append(str(tmp_path / f'{i}.eml'))
        with open(files[-1], 'wb') as f:
            f.write(text(BAD, f'file{i}') if i else '主题 中文 垃圾邮件 发票代开'.encode() + b'\r\n\0\xff\r\n')
    def junk(*words, session=house.officer, check=True):
        return house.instance.cli('junk', *words, session=session, check=check)

    before, user = junk('show'), house.people[0]['address']
    assert junk('teach', '--user', user, '--junk', *files[:3])['learnt'] == 3
    again = junk('teach', '--user', user, '--junk', *files[:3])
    assert (again['learnt'], again['passed_over']) == (0, 3)
    assert junk('show')['junk'] == before['junk'] + 3 and junk('show')['people'] == before['people'] + 1
    assert junk('teach', '--user', user, '--undo', files[0])['learnt'] == 1
    assert junk('show')['junk'] == before['junk'] + 2
    assert junk('teach', '--user', user, '--junk', *files)['passed_over'] >= 3
    assert junk('show')['junk'] <= before['junk'] + OF_EACH
    assert junk('teach', '--user', house.people[1]['address'], '--good', *files[:2])['learnt'] == 2
    for words in (('--junk', files[0]), ('--user', user, files[0]), ('--user', user, '--junk', '--good', files[0])):
        assert junk('teach', *words, check=False)[0] == 2
    assert junk('teach', '--user', user, '--junk', str(tmp_path / 'none.eml'), check=False)[0] == 6
    assert junk('teach', '--user', 'nobody@demo.test', '--junk', files[0], check=False)[0] == 6
