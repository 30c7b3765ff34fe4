"""Letters of the system: they reach INBOX in the language of the reader, and codes of second factors reach the second address."""
import email
import email.policy
import glob
import re
import sys
import time

import pytest

from conftest import end_site, make_site
from mail import fetch, letter, mark

sys.path.insert(0, __import__('os').path.join(__import__('conftest').TOP, 'tools', 'demo'))
from api import Refused  # noqa: E402
from test_factors import signed_in  # noqa: E402

PASSWORD = 'korb-laterne-moos-winkel'


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'auth.failure_delay': '100ms', 'limits.logins_per_minute': '0'}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


def add_user(site, local, *more):
    user = {'address': f'{local}@demo.test', 'password': PASSWORD}
    site.instance.cli('user', 'add', user['address'], *more, '--stdin', stdin=PASSWORD + '\n')
    return user


def letters(site, user):
    with site.imap(user) as client:
        client.select('INBOX', readonly=True)
        numbers = client.search(None, 'ALL')[1][0].split()
        return [email.message_from_bytes(fetch(client, n), policy=email.policy.default) for n in numbers]


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f'nothing after {seconds} s'
        time.sleep(0.1)


def letter_of(site, user, subject):
    return wait_for(lambda: next((m for m in letters(site, user) if m['Subject'] == subject), None))


@pytest.mark.parametrize('language, subject, words', [
    ('en', 'Your password was changed', 'tell your administrator at once'), ('zh-CN', '您的密码已修改', '请立即告知管理员'),
    ('zh-TW', '您的密碼已變更', '請立即告知管理員')])
def test_a_letter_comes_in_the_language_of_its_reader(site, language, subject, words):
    user = add_user(site, f'reader.{language.lower()}', '--language', language)
    assert site.instance.cli('user', 'show', user['address'])['language'] == language
    user['password'] = 'ziegel-wolke-harfe-spaten'
    site.instance.cli('user', 'passwd', user['address'], '--stdin', stdin=f'{PASSWORD}\n{user["password"]}\n')
    got = letter_of(site, user, subject)
    assert words in got.get_content()
    assert got['Auto-Submitted'] == 'auto-generated' and got['From'].addresses[0].addr_spec == 'postmaster@demo.test'
    assert got['From'].addresses[0].display_name == 'Letterlock' and got['To'].addresses[0].addr_spec == user['address']
    assert got['Return-Path'] is None or got['Return-Path'].strip() == '<>'


@pytest.mark.parametrize('language, subject', [('zh-CN', '您的邮件未能送达'), ('zh-TW', '您的郵件無法送達')])
def test_a_bounce_comes_in_the_language_of_its_sender(site, language, subject):
    user = add_user(site, f'bounced.{language.lower()}', '--language', language)
    site.send(user, ['permerror@outside.test'], letter(user['address'], 'permerror@outside.test', mark()))
    got = letter_of(site, user, subject)
    assert got.get_content_type() == 'multipart/report' and got['Auto-Submitted'] == 'auto-replied'


def test_other_languages_are_refused(site):
    user = add_user(site, 'reader.none')
    status, _, text = site.instance.cli('user', 'set', user['address'], '--language', 'tlh', check=False)
    assert status != 0 and 'en, zh-CN and zh-TW' in text


def test_a_recovery_code_and_a_factor_are_told(site):
    user = add_user(site, 'told')
    code = site.instance.cli('user', 'passwd', user['address'], '--stdin', stdin=f'{PASSWORD}\nziegel-wolke-harfe-spaten\n')['recovery_code']
    user['password'] = 'nebel-ofen-taube-kranz'
    site.instance.cli('user', 'reset', user['address'], '--stdin', stdin=f"{code}\n{user['password']}\n")
    letter_of(site, user, 'Your recovery code was used')
    session = signed_in(site, user)
    app = session.call('user.app_password.add', address=user['address'], password=user['password'], label='mail')['app_password']
    session.enrol_totp()
    got = letter_of(site, {**user, 'password': app}, 'A second factor was added')
    assert 'TOTP' in got.get_content()


def outside_codes(site, to):
    """Codes that arrived outside for this address, oldest first."""
    found = []
    for path in site.outside_files():
        with open(path, 'rb') as f:
            raw = f.read()
        if to.encode() in raw and b'Your sign-in code' in raw:
            text = re.search(rb'Your code: (\d{6})', raw)
            found.append((__import__('os').stat(path).st_mtime_ns, text.group(1).decode()))
    return [code for _, code in sorted(found)]


def challenge(site, user):
    """The challenge of a code by mail; codes are some time apart, so it may have to be asked again."""
    def ask():
        with pytest.raises(Refused) as caught:
            signed_in(site, user, factor='mail')
        return caught.value.problem.get('challenge') if caught.value.code == 'factor_needed' else None
    return wait_for(ask, seconds=90)


def test_a_code_by_mail_signs_in_once(site):
    user, to = add_user(site, 'coded'), 'coded.private@outside.test'
    session = signed_in(site, user)
    for own in (user['address'], 'coded+x@demo.test'):
        with pytest.raises(Refused):
            session.call('factor.contact.set', kind='mail', to=own)
    begun = session.call('factor.contact.set', kind='mail', to=to)
    code = wait_for(lambda: outside_codes(site, to))[0]
    session.call('factor.contact.confirm', id=begun['id'], challenge=begun['challenge'], code=code)
    with pytest.raises(Refused):
        signed_in(site, user)
    asked = challenge(site, user)
    assert asked['to'] == 'c***@outside.test'
    code = wait_for(lambda: outside_codes(site, to)[1:])[0]
    proof = {'kind': 'mail', 'id': asked['id'], 'code': code}
    with pytest.raises(Refused):
        signed_in(site, user, proof={**proof, 'code': f'{(int(code) + 1) % 1000000:06d}'})
    signed_in(site, user, proof=proof)
    with pytest.raises(Refused):
        signed_in(site, user, proof=proof)


def test_a_code_reaches_another_mailbox_here(site):
    user, other = add_user(site, 'coded.here'), add_user(site, 'other.here', '--language', 'zh-CN')
    session = signed_in(site, user)
    begun = session.call('factor.contact.set', kind='mail', to=other['address'])
    got = letter_of(site, other, 'Your sign-in code')
    code = re.search(r'(\d{6})', got.get_content()).group(1)
    assert session.call('factor.contact.confirm', id=begun['id'], challenge=begun['challenge'], code=code)['id'] == begun['id']
    for path in glob.glob(site.instance.path('log', '*.log')):
        with open(path, encoding='utf-8', errors='replace') as log:
            assert code not in re.findall(r'\b\d{6}\b', log.read())
