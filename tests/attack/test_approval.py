"""The second person: not oneself, not the one it is about, not twice, not by a program; and nothing that must be apart comes together."""
import pytest

from attacker import DOMAIN, PASSWORD, Caller, Person


@pytest.fixture(scope='module')
def staff(place):
    made = {name: place.people[name].sign_in() for name in ('admin', 'officer', 'auditor', 'approver', 'custodian1')}
    for local in ('appr.one', 'appr.two', 'appr.three'):
        place.add_user(local)
    return made


def ask(staff, address, role='monitor', **more):
    answer = staff['officer'].call('grant.add', {'address': address, 'role': role, 'reason': 'attack', **more})
    assert answer.code == 'approval_needed', answer
    return answer.json['approval']


def roles_of(staff, address):
    return {g['role'] for g in staff['officer'].done('grant.list')['grants'] if g['address'] == address}


def test_who_asks_does_not_approve(staff):
    number = ask(staff, f'appr.one@{DOMAIN}')
    assert staff['officer'].call('approval.give', {'id': number}).code == 'self'
    for name in ('admin', 'auditor', 'custodian1'):
        assert staff[name].call('approval.give', {'id': number}).code in ('denied', 'not_found')
    assert roles_of(staff, f'appr.one@{DOMAIN}') == set()
    staff['officer'].done('approval.refuse', {'id': number})
    assert staff['approver'].call('approval.give', {'id': number}).code == 'decided'


@pytest.mark.parametrize('text', ['approver@demo.test', 'APPROVER@Demo.Test', 'approver@demo.test.', '"approver"@demo.test', 'approver@DEMO.TEST.'])
def test_whom_it_is_about_does_not_approve_however_the_name_is_written(staff, text):
    answer = staff['officer'].call('grant.add', {'address': text, 'role': 'secretary', 'scope': 'mailbox', 'value': f'appr.one@{DOMAIN}', 'reason': 'x'})
    assert answer.code in ('approval_needed', 'invalid'), answer  # it is the same account, whom some rights may be granted
    if answer.code == 'approval_needed':
        assert staff['approver'].call('approval.give', {'id': answer.json['approval']}).code == 'self'
        staff['officer'].done('approval.refuse', {'id': answer.json['approval']})
    answer = staff['officer'].call('grant.add', {'address': text, 'role': 'approver', 'reason': 'attack'})
    if answer.code != 'approval_needed':
        return
    number = answer.json['approval']
    try:
        assert staff['approver'].call('approval.give', {'id': number}).code == 'self'
    finally:
        staff['officer'].done('approval.refuse', {'id': number})


def test_an_approval_counts_once(staff):
    number = ask(staff, f'appr.one@{DOMAIN}')
    result = staff['approver'].done('approval.give', {'id': number})
    assert roles_of(staff, f'appr.one@{DOMAIN}') == {'monitor'}
    staff['officer'].done('grant.end', {'id': result['id']})
    assert staff['approver'].call('approval.give', {'id': number}).code == 'decided'
    assert roles_of(staff, f'appr.one@{DOMAIN}') == set()


def test_what_was_asked_is_what_is_done(staff):
    number = ask(staff, f'appr.one@{DOMAIN}')
    for more in ({'args': {'address': f'appr.two@{DOMAIN}'}}, {'address': f'appr.two@{DOMAIN}'}, {'role': 'officer'}):
        assert staff['approver'].call('approval.give', {'id': number, **more}).status == 400
    result = staff['approver'].done('approval.give', {'id': number})
    assert roles_of(staff, f'appr.two@{DOMAIN}') == set()
    staff['officer'].done('grant.end', {'id': result['id']})


def test_programs_do_not_decide(place, staff):
    number = ask(staff, f'appr.one@{DOMAIN}')
    for owner in ('approver', 'officer'):
        token = Caller(place, staff[owner].done('token.add', {'label': 'attack', 'days': 1})['token'])
        assert token.call('approval.give', {'id': number}).code in ('denied', 'not_found', 'self')
        assert token.call('grant.add', {'address': f'appr.two@{DOMAIN}', 'role': 'monitor', 'reason': 'x'}).code == 'denied'
        assert token.call('role.define', {'name': 'by-token', 'rights': ['trace.see']}).code == 'denied'
        assert token.call('token.add', {'label': 'child', 'days': 1}).code == 'denied'
    assert roles_of(staff, f'appr.one@{DOMAIN}') == set()
    staff['officer'].done('approval.refuse', {'id': number})


@pytest.mark.parametrize('rights', [
    ['account.change', 'role.grant'], ['account.change', 'role.define'], ['system.change', 'role.grant'], ['account.change', 'audit.see'],
    ['account.discard', 'act.approve'], ['policy.change', 'act.approve'], ['case.view', 'account.change'], ['case.view', 'case.approve'],
    ['case.export', 'role.grant'], ['share.give', 'case.approve'], ['share.give', 'case.view'], ['share.give', 'account.leave'],
    ['audit.see', 'system.change'], ['case.search', 'policy.change'], ['share.give', 'role.grant'],
])
def test_roles_of_what_must_be_apart_cannot_be_defined(staff, rights):
    assert staff['officer'].call('role.define', {'name': 'apart', 'rights': rights}).code == 'separation'


def test_grants_one_after_another_do_not_come_together(staff):
    """Each is fine alone; the second is refused, also when both were asked for before either was approved."""
    address = f'appr.two@{DOMAIN}'
    first, second = ask(staff, address, 'administrator'), ask(staff, address, 'approver')
    given = staff['approver'].done('approval.give', {'id': first})
    assert staff['approver'].call('approval.give', {'id': second}).code == 'separation'
    for role in ('officer', 'auditor', 'custodian', 'approver'):
        assert staff['officer'].call('grant.add', {'address': address, 'role': role, 'reason': 'x'}).code == 'separation'
    case = staff['officer'].call('grant.add', {'address': address, 'role': 'case', 'scope': 'case', 'value': '1', 'days': 5, 'reason': 'x'})
    assert case.code == 'separation'
    staff['officer'].done('grant.end', {'id': given['id']})


def test_a_role_in_use_does_not_become_another_one(staff):
    address, officer = f'appr.three@{DOMAIN}', staff['officer']
    officer.done('role.define', {'name': 'attack-role', 'rights': ['trace.see']})
    given = officer.done('grant.add', {'address': address, 'role': 'attack-role', 'reason': 'x'})
    assert officer.call('role.define', {'name': 'attack-role', 'rights': ['audit.see', 'trace.see']}).code == 'exists'
    assert officer.call('role.remove', {'name': 'attack-role'}).code == 'in_use'
    officer.done('grant.end', {'id': given['id']})
    officer.done('role.remove', {'name': 'attack-role'})
    for name in ('administrator', 'user', 'staff', 'setup', 'break-glass', 'delegate'):
        assert officer.call('role.define', {'name': name, 'rights': ['trace.see']}).code == 'exists'


@pytest.mark.parametrize('scope', [{}, {'scope': 'organisation'}, {'scope': 'domain', 'value': DOMAIN}, {'scope': 'department', 'value': 'Engineering'},
                                   {'scope': 'mailbox', 'value': f'appr.one@{DOMAIN}'}, {'scope': 'own'}])
def test_content_is_granted_inside_a_case_only(staff, scope):
    for role in ('case', 'case-export'):
        answer = staff['officer'].call('grant.add', {'address': f'auditor@{DOMAIN}', 'role': role, 'days': 5, 'reason': 'x', **scope})
        assert answer.code in ('scope', 'invalid'), answer


@pytest.mark.parametrize('days', [{}, {'days': 0}, {'days': 31}, {'days': -1}, {'days': 36500}])
def test_content_is_granted_for_a_while_only(staff, days):
    answer = staff['officer'].call('grant.add', {'address': f'auditor@{DOMAIN}', 'role': 'case', 'scope': 'case', 'value': '1', 'reason': 'x', **days})
    assert answer.code == ('invalid' if days.get('days', 0) < 0 else 'time'), answer


def test_nobody_raises_himself(staff):
    assert staff['officer'].call('grant.add', {'address': f'officer@{DOMAIN}', 'role': 'auditor', 'reason': 'x'}).code == 'self'
    for address in (f'admin@{DOMAIN}', f'appr.one@{DOMAIN}'):
        for role in ('officer', 'approver', 'auditor', 'custodian', 'administrator', 'user'):
            answer = staff['admin'].call('user.set', {'address': address, 'role': role})
            assert answer.code in ('denied', 'ok'), answer
            assert answer.code == 'denied' or staff['admin'].done('user.show', {'address': address})['role'] == role
    assert staff['admin'].done('user.show', {'address': f'admin@{DOMAIN}'})['role'] == 'administrator'
    assert staff['admin'].done('user.show', {'address': f'appr.one@{DOMAIN}'})['role'] == 'user'


@pytest.mark.parametrize('local', ['officer', 'auditor', 'approver', 'custodian1', 'admin'])
def test_an_administrator_does_not_become_somebody_else_of_the_staff(place, staff, local):
    """A new password and no factor would be that person's seat."""
    address = f'{local}@{DOMAIN}'
    answer = staff['admin'].call('user.reset', {'address': address, 'new': PASSWORD, 'lose_mail': True})
    assert answer.code == 'second_person', answer
    assert Person(place, address, PASSWORD).start().code == 'password'


def test_nor_of_somebody_who_was_granted_such_a_role(place, staff):
    address = f'appr.three@{DOMAIN}'
    given = staff['approver'].done('approval.give', {'id': ask(staff, address, 'auditor')})
    assert staff['admin'].call('user.reset', {'address': address, 'new': 'zaun-trichter-quelle-birke', 'lose_mail': True}).code == 'second_person'
    staff['officer'].done('grant.end', {'id': given['id']})
    assert Person(place, address, PASSWORD).start().status == 200
