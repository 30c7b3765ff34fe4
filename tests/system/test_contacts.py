"""The address book over the real system: who sees whom in the organisation, by which words people are found, own contacts over JMAP."""
import pytest

from api import Api, Refused
from jmap_client import CORE, Jmap
from mail import mark

CONTACTS = 'urn:ietf:params:jmap:contacts'


@pytest.fixture(scope='module')
def people(site):
    """Two departments of this file alone; local part -> {address, password}."""
    tag = mark()[:8]
    made = {'tag': tag}
    for local, name, department in (('zhang', '张伟', f'销售{tag}'), ('li', '李娜', f'销售{tag}/华东'), ('chen', '陈宇', f'法务{tag}')):
        made[local] = {'address': f'{local}{tag}@demo.test', 'password': 'first-password-1'}
        site.instance.cli('user', 'add', made[local]['address'], '--name', name, '--department', department, '--stdin', stdin='first-password-1\n')
    return made


def signed_in(site, person):
    return Api(site.ports['management'], site.tls()).sign_in(person['address'], person['password'])


def found(api, person, text):
    """Whether somebody is found: by text, by address, by id, in the list of the department. All must say the same."""
    shown = [one for one in api.call('book.people', text=text)['people'] if one['address'] == person['address']]
    by_address, one = True, None
    try:
        one = api.call('book.person', mail=person['address'])
    except Refused as problem:
        assert problem.status == 404
        by_address = False
    assert by_address == bool(shown)
    if one:
        assert api.call('book.person', id=one['id'])['address'] == person['address']
        person['id'] = one['id']
    elif 'id' in person:
        with pytest.raises(Refused):
            api.call('book.person', id=person['id'])
    return bool(shown)


def test_people_are_found_by_pinyin_and_hidden_ones_in_no_way(site, people):
    tag, cli = people['tag'], site.instance.cli
    api = signed_in(site, people['chen'])
    for text in (f'zw 销售{tag}', f'zhangwei xiaoshou{tag}', f'伟 xs{tag}', f'zhang{tag}'):
        assert found(api, people['zhang'], text), text
    assert api.call('book.people', text=f'zw 法务{tag}')['people'] == []
    cli('department', 'set', f'销售{tag}', '--sees', 'own')
    assert not found(api, people['zhang'], f'zhang{tag}')
    assert not found(api, people['li'], f'li{tag}')
    assert not [one for one in api.call('book.departments')['departments'] if tag in one['department'] and '销售' in one['department']]
    assert api.call('book.people', department=f'销售{tag}/华东')['people'] == []
    inside = signed_in(site, people['li'])
    assert found(inside, people['zhang'], f'zhang{tag}')
    cli('user', 'set', people['zhang']['address'], '--hidden', 'yes')
    assert not found(inside, people['zhang'], f'zhang{tag}')


def test_cards_come_from_a_file(site, people, folder):
    path = folder / 'cards.csv'
    path.write_text(f'address,position,phone,place\n{people["chen"]["address"]},"法务, 经理",+86 21 7777,3\nnobody{people["tag"]}@demo.test,x,,\n', encoding='utf-8')
    code, result, _ = site.instance.cli('department', 'import', str(path), '--dry-run', check=False)
    assert code == 7 and (result['changed'], result['refused']) == (1, 1)
    assert site.instance.cli('user', 'show', people['chen']['address'])['position'] == ''
    site.instance.cli('department', 'import', str(path), check=False)
    shown = site.instance.cli('user', 'show', people['chen']['address'])
    assert (shown['position'], shown['phone'], shown['place']) == ('法务, 经理', '+86 21 7777', 3)


def test_own_contacts_stay_and_are_ones_own(site, people):
    mine, other = (Jmap(site, people[who]) for who in ('chen', 'li'))
    mine.using = other.using = (CORE, CONTACTS)
    card = {'addressBookIds': {'personal': True}, 'name': {'full': '王小明'}, 'emails': {'e': {'address': 'xm@partner.cn'}}}
    card_id = mine.call('ContactCard/set', create={'k': card})['created']['k']['id']
    state = mine.call('ContactCard/get', ids=[])['state']
    assert mine.call('ContactCard/query', filter={'text': 'wxm'})['ids'] == [card_id]
    assert other.call('ContactCard/get', ids=[card_id])['notFound'] == [card_id]
    assert other.call('ContactCard/query')['ids'] == []
    mine.call('ContactCard/set', update={card_id: {'emails/e/address': 'wang@partner.cn'}})
    assert mine.call('ContactCard/changes', sinceState=state)['updated'] == [card_id]
    assert mine.call('ContactCard/get', ids=[card_id])['list'][0]['emails']['e']['address'] == 'wang@partner.cn'
