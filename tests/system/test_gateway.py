"""The gateway in front of another server: who exists there, who guesses, what is told when nobody can be asked."""
import os
import smtplib

import pytest

from conftest import end_site, make_site
from far import Far
from mail import HOST, Wire, letter, mark
from test_ldap import BASE, Slapd, person
from test_revoke import new_user
from test_smarthost import wait_for

CALLED, LOOKED_UP, LISTED = 'called.test', 'lookedup.test', 'listed.test'
GUESSES = 6


@pytest.fixture(scope='module')
def far():
    made = Far(known={'ann', 'bob', 'zoe'})
    yield made
    made.close()


@pytest.fixture(scope='module')
def told():
    """Servers that want to know who the client was: by XCLIENT, by PROXY, and one that says nothing of XCLIENT."""
    made = {'xclient.test': Far(xclient=b'NAME ADDR PORT PROTO HELO LOGIN'), 'proxy.test': Far(proxy=True), 'deaf.test': Far()}
    yield made
    for server in made.values():
        server.close()


@pytest.fixture(scope='module')
def slapd():
    made = Slapd()
    made.add(f'dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n'
             f'dn: cn=service,{BASE}\nobjectClass: person\ncn: service\nsn: service\nuserPassword: service-secret\n')
    made.add(person('ann', 'x').replace('@demo.test', '@' + LOOKED_UP))
    yield made
    made.close()


@pytest.fixture(scope='module')
def site(far, told, slapd, tmp_path_factory):
    folder = tmp_path_factory.mktemp('gateway')
    secret = folder / 'secret'
    secret.write_text('service-secret\n')
    for path in (secret, *secret.parents[:-2]):
        os.chmod(path, 0o755)
    made = make_site(options={'limits.unknown_recipients': str(GUESSES), 'xclient_from': [HOST], 'gateway.verify_time': '30s',
                              'ldap': {'url': slapd.url, 'base': BASE, 'bind': f'cn=service,{BASE}', 'password_file': str(secret)}}, seed=False)
    cli = made.instance.cli
    cli('domain', 'add', CALLED, '--relay', f'{HOST}:{far.port}', '--verify', 'call')
    cli('domain', 'add', LOOKED_UP, '--relay', f'{HOST}:{far.port}', '--verify', 'ldap')
    cli('domain', 'add', LISTED, '--relay', f'{HOST}:{far.port}', '--verify', 'list')
    cli('domain', 'recipients', 'add', f'vip@{CALLED}')
    for domain, server in told.items():
        cli('domain', 'add', domain, '--relay', f'{HOST}:{server.port}', '--client-info', 'proxy' if domain == 'proxy.test' else 'xclient',
            '--from-networks', '127.0.0.9/32 192.0.2.128/25')
    cli('domain', 'dkim', 'add', 'xclient.test', '--algorithm', 'ed25519-sha256')
    cli('domain', 'dkim', 'rotate', 'xclient.test', '--now')
    cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


def rcpt(site, to, client='192.0.2.1'):
    """Code and text that RCPT is answered, for a client of this address."""
    with Wire(site.ports['smtp'], timeout=60) as wire:
        assert wire.reply()[0] == 220
        assert wire.say('EHLO proxy.test')[0] == 250
        assert wire.say(f'XCLIENT ADDR={client}')[0] == 220
        assert wire.say('EHLO client.test')[0] == 250
        assert wire.say('MAIL FROM:<stranger@outside.test>')[0] == 250
        code, lines = wire.say(f'RCPT TO:<{to}>')
        return code, lines[-1]


def test_the_server_behind_is_asked_once_over_one_connection(site, far):
    before, sessions = far.count('RCPT'), len(far.sessions)
    assert rcpt(site, f'ann@{CALLED}')[0] == 250
    code, said = rcpt(site, f'nobody1@{CALLED}')
    assert code == 550 and b'5.1.1' in said
    asked = [line for s in far.sessions[sessions:] for line in s.lines]
    assert 'MAIL FROM:<>' in asked and not any(line.startswith('DATA') for line in asked)
    assert far.count('RCPT') == before + 2
    # From memory, in any spelling.
    assert rcpt(site, f'ANN@{CALLED.upper()}')[0] == 250 and rcpt(site, f'nobody1@{CALLED}')[0] == 550
    assert far.count('RCPT') == before + 2 and len(far.sessions) <= sessions + 2


def test_a_letter_to_a_called_address_arrives(site, far):
    text = mark()
    site.deliver([f'bob@{CALLED}'], letter('stranger@outside.test', f'bob@{CALLED}', text))
    assert far.has(text)[1] == [f'bob@{CALLED}']


def test_the_list_comes_first(site, far):
    before = far.count('RCPT')
    assert rcpt(site, f'vip@{CALLED}')[0] == 250 and rcpt(site, f'postmaster@{CALLED}')[0] == 250
    assert far.count('RCPT') == before


def test_a_refusal_of_us_is_no_answer(site, far):
    for verb, answer in (('RCPT', b'550 5.7.1 not from you\r\n'), ('MAIL', b'550 5.1.1 go away\r\n'), ('EHLO', b'554 5.7.1 no\r\n'), ('RCPT', b'421 4.3.2 later\r\n')):
        far.answers = {verb: answer}
        code, said = rcpt(site, f'zoe@{CALLED}')
        assert code == 451 and b'4.4.1' in said, verb
    far.answers = {}
    assert rcpt(site, f'zoe@{CALLED}')[0] == 250


def test_the_ldap_directory_is_asked(site, far):
    before = far.count('RCPT')
    assert rcpt(site, f'ann@{LOOKED_UP}')[0] == 250 and rcpt(site, f'Ann+news@{LOOKED_UP}')[0] == 250
    assert rcpt(site, f'nobody@{LOOKED_UP}')[0] == 550 and rcpt(site, f'*@{LOOKED_UP}')[0] == 550
    assert far.count('RCPT') == before


def test_who_guesses_has_to_wait_and_others_do_not(site):
    codes = [rcpt(site, f'guess{n}@{LISTED}', '192.0.2.66')[0] for n in range(GUESSES + 2)]
    assert codes == [550] * GUESSES + [451, 451]
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.66')[0] == 451
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.67')[0] == 250
    wait_for(lambda: site.instance.cli('audit', 'list', '--event', 'smtp.harvest')['records'])


# ---- the server behind is told who the client was ----

def said_by(client, site, to, text, helo='client.test', sender='stranger@outside.test', author=None):
    """A letter of a client with this address; the code of each step."""
    with Wire(site.ports['smtp'], timeout=60) as wire:
        assert wire.reply()[0] == 220 and wire.say('EHLO proxy.test')[0] == 250
        assert wire.say(f'XCLIENT ADDR={"IPV6:" if ":" in client else ""}{client}')[0] == 220 and wire.say(f'EHLO {helo}')[0] == 250
        codes = [wire.say(f'MAIL FROM:<{sender}>')[0], wire.say(f'RCPT TO:<{to}>')[0]]
        if codes == [250, 250]:
            assert wire.say('DATA')[0] == 354
            codes.append(wire.say(letter(author or sender or 'daemon@xclient.test', to, text) + b'.')[0])
        return codes


@pytest.mark.parametrize('client', ['192.0.2.55', '2001:db8::55'])
def test_xclient_names_each_client_on_a_connection_of_its_own(site, told, client):
    texts = [mark(), mark()]
    for text in texts:
        assert said_by(client, site, 'ann@xclient.test', text, f'{text[:8]}.client.test') == [250] * 3
    first, second = (told['xclient.test'].has(text)[3] for text in texts)
    assert first is not second
    shown = ('IPV6:' if ':' in client else '') + client
    assert len(first.xclient) == 1 and f'ADDR={shown} PROTO=ESMTP HELO={texts[0][:8]}.client.test NAME=[UNAVAILABLE]' in first.xclient[0]
    assert first.verbs.index('XCLIENT') < first.verbs.index('MAIL') and first.verbs[:3] == ['EHLO', 'XCLIENT', 'EHLO']


def test_who_does_not_announce_xclient_is_told_nothing(site, told):
    text = mark()
    assert said_by('192.0.2.55', site, 'ann@deaf.test', text) == [250] * 3
    session = told['deaf.test'].has(text)[3]
    assert 'XCLIENT' not in session.verbs and not any('192.0.2.55' in line for line in session.lines)


def test_proxy_names_the_client_before_anything_is_said(site, told):
    text = mark()
    assert said_by('192.0.2.56', site, 'ann@proxy.test', text) == [250] * 3
    assert told['proxy.test'].has(text)[3].proxy[0] == '192.0.2.56'
    text = mark()
    assert said_by('2001:db8::56', site, 'ann@proxy.test', text) == [250] * 3
    assert told['proxy.test'].has(text)[3].proxy[0] == '2001:db8::56'


def test_a_submission_tells_the_login_and_no_address(site, told):
    user, text = new_user(site, 'told'), mark()
    site.send(user, ['ann@xclient.test'], letter(user['address'], 'ann@xclient.test', text))
    session = told['xclient.test'].has(text)[3]
    assert session.xclient == [f'LOGIN={user["address"]}']
    text = mark()
    site.send(user, ['ann@proxy.test'], letter(user['address'], 'ann@proxy.test', text))
    assert told['proxy.test'].has(text)[3].proxy == 'local'


# ---- mail that the server behind sends out ----

INSIDE, OUT = '192.0.2.130', 'friend@outside.test'


def test_mail_of_the_server_behind_leaves_signed(site):
    text = mark()
    assert said_by(INSIDE, site, OUT, text, sender='ann@xclient.test') == [250] * 3
    with open(site.outside_has(text), 'rb') as f:
        raw = f.read()
    assert b'DKIM-Signature:' in raw and b'd=xclient.test' in raw and INSIDE.encode() not in raw
    text = mark()
    assert said_by(INSIDE, site, OUT, text, sender='') == [250] * 3
    site.outside_has(text)


@pytest.mark.parametrize('client,sender,author', [
    ('192.0.2.5', 'ann@xclient.test', None),            # another network
    ('192.0.2.5', '', None),
    (INSIDE, 'boss@outside.test', None),                # another sender
    (INSIDE, 'ann@called.test', None),                  # a relay domain without networks
    (INSIDE, 'ann@sub.xclient.test', None),
    (INSIDE, '"ann@xclient.test"@outside.test', None),
    (INSIDE, 'ann@xclient.test', 'boss@outside.test'),  # another author
    (INSIDE, '', 'boss@outside.test'),
])
def test_it_is_no_open_relay(site, client, sender, author):
    codes = said_by(client, site, OUT, mark(), sender=sender, author=author)
    assert codes[-1] == 550 and len(codes) == (2 if author is None else 3)


def test_other_mail_from_those_networks_is_mail_from_outside(site, told):
    text = mark()
    assert said_by(INSIDE, site, 'ann@deaf.test', text) == [250] * 3
    assert b'Authentication-Results:' in told['deaf.test'].has(text)[2]


# ---- what is done with letters to a domain ----

def test_a_domain_says_whether_its_mail_is_judged_and_how_long_it_may_be(site, told):
    cli, text = site.instance.cli, mark()
    assert cli('domain', 'policy', 'deaf.test')['judge'] == 'yes'
    cli('domain', 'policy', 'deaf.test', '--judge', 'no', '--size', '20000')
    assert said_by('192.0.2.7', site, 'ann@deaf.test', text) == [250] * 3
    assert b'Authentication-Results:' not in told['deaf.test'].has(text)[2]
    with pytest.raises(smtplib.SMTPDataError) as refused:
        site.deliver(['ann@deaf.test'], letter('stranger@outside.test', 'ann@deaf.test', mark(), body='long line\r\n' * 3000))
    assert refused.value.smtp_code == 552
    cli('domain', 'policy', 'deaf.test', '--judge', 'yes', '--size', '0')


def test_nobody_can_be_asked(site, far):
    """Last: the server behind goes away."""
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.9')[0] == 250
    far.close()
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.9')[0] == 250
    code, said = rcpt(site, f'stranger@{CALLED}', '192.0.2.9')
    assert code == 451 and b'4.4.1' in said
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        site.deliver([f'other@{CALLED}'], letter('stranger@outside.test', f'other@{CALLED}', mark()))
