"""Letters that are passed on to somebody outside: under a reverse-path of ours that leads bounces back, and under a seal (ARC)."""
import json
import re
import smtplib
import subprocess

import pytest

from conftest import PROGRAMS, end_site, make_site
from far import Far
from mail import HOST, Wire, letter, mark
from test_trust_sign import zone

DOMAIN, FORWARDED = 'passing.test', 'elsewhere.test'


@pytest.fixture(scope='module')
def far():
    made = Far()
    yield made
    made.close()


@pytest.fixture(scope='module')
def site(far):
    made = make_site(options={'relay.routes': [f'{FORWARDED} [{HOST}]:{far.port}']}, seed=False)
    cli = made.instance.cli
    cli('domain', 'add', DOMAIN)
    cli('domain', 'add', 'behind.test', '--relay', f'{HOST}:{far.port}')
    cli('policy', 'set', 'forward', '{"outside":true}')
    cli('alias', 'add', f'out@{DOMAIN}', f'friend@{FORWARDED}')
    cli('domain', 'dkim', 'add', DOMAIN)
    made.keys = cli('domain', 'dkim', 'rotate', DOMAIN, '--now')['keys']
    yield made
    end_site(made)


def passed_on(site, far, sender='ann@outside.test', to=f'out@{DOMAIN}', data=None):
    text = mark()
    site.deliver([to], data(text) if data else letter('ann@outside.test', to, text), sender=sender)
    return far.has(text)


def arc(folder, message, keys):
    path = folder / 'message'
    path.write_bytes(message)
    done = subprocess.run([PROGRAMS + '/letterlock', 'trust', 'arc', str(path), '--dns', str(zone(folder, keys)), '--json'], stdout=subprocess.PIPE,
                          check=False, timeout=60)
    return json.loads(done.stdout)


def bounce(site, to, sender=''):
    """The code of RCPT, and of the letter."""
    text = mark()
    with Wire(site.ports['smtp']) as wire:
        assert wire.reply()[0] == 220 and wire.say('EHLO mx.outside.test')[0] == 250
        assert wire.say(f'MAIL FROM:<{sender}>')[0] == 250
        code = wire.say(f'RCPT TO:<{to}>')[0]
        if code == 250:
            assert wire.say('DATA')[0] == 354
            code = wire.say(letter('MAILER-DAEMON@elsewhere.test', to, text) + b'.')[0]
    return code, text


def test_bounces_come_back_and_nothing_else_does(site, far):
    path, to, _, _ = passed_on(site, far)
    assert to == [f'friend@{FORWARDED}'] and re.fullmatch(rf'SRS0=[a-z2-7]{{10}}=[a-z2-7]{{2}}=outside\.test=ann@{DOMAIN}', path)
    code, text = bounce(site, path)
    assert code == 250
    site.outside_has(text)
    # No way to write to strangers through us.
    assert bounce(site, path, 'spammer@outside.test')[0] == 550
    forged = [path.replace('=ann@', '=bob@'), path.replace('=outside.test=', '=other.test='), path.replace(DOMAIN, 'behind.test'),
              f'SRS0=aaaaaaaaaa=aa=outside.test=ann@{DOMAIN}', f'SRS1=aaaaaaaaaa=outside.test==x=aa=y.test=z@{DOMAIN}', f'srs0=@{DOMAIN}', f'SRS0=a=b=c=d@{DOMAIN}']
    for address in forged:
        assert bounce(site, address)[0] in (550, 553), address


def test_who_was_passed_on_before_leads_back_to_the_first(site, far):
    path = passed_on(site, far, sender='SRS0=abcd=TT=x.test=ann@outside.test')[0]
    assert re.fullmatch(rf'SRS1=[a-z2-7]{{10}}=outside\.test==abcd=TT=x\.test=ann@{DOMAIN}', path)
    code, text = bounce(site, path)
    assert code == 250
    site.outside_has(text)


def test_our_own_people_and_bounces_keep_their_reverse_path(site, far):
    assert passed_on(site, far, sender='')[0] == ''
    assert passed_on(site, far, to='ann@behind.test')[0] == 'ann@outside.test'


def test_what_passes_through_is_sealed_and_the_seal_holds(site, far, folder):
    _, _, message, _ = passed_on(site, far)
    found = arc(folder, message, site.keys)
    assert found['result'] == 'pass' and found['instances'] == 1 and found['sets'][0]['domain'] == DOMAIN, found
    assert 'spf=' in found['sets'][0]['results'] and 'dmarc=' in found['sets'][0]['results']
    # It comes around once more: a second set over the first; whoever changes it breaks the seal.
    _, _, again, _ = passed_on(site, far, data=lambda text: message.replace(b'Subject: ', b'X-Mark: ' + text.encode() + b'\r\nSubject: ', 1))
    assert arc(folder, again, site.keys)['instances'] == 2
    changed = message.replace(b'Hello.', b'Hallo.')
    assert arc(folder, changed, site.keys)['result'] == 'fail'


def chain(count, text):
    """A letter with this many sets that anybody may have made up."""
    sets = ''.join(f'ARC-Seal: i={i}; a=rsa-sha256; cv={"none" if i == 1 else "pass"}; d=x.test; s=s; b=AAAA\r\n'
                   f'ARC-Message-Signature: i={i}; a=rsa-sha256; c=relaxed/relaxed; d=x.test; s=s; h=from; bh=AAAA; b=AAAA\r\n'
                   f'ARC-Authentication-Results: i={i}; x.test; spf=pass\r\n' for i in range(count, 0, -1))
    return sets.encode() + letter('ann@outside.test', f'out@{DOMAIN}', text)


@pytest.mark.parametrize('count', [3, 50, 51, 120])
def test_chains_that_are_made_up_or_too_long_are_passed_on_as_broken(site, far, folder, count):
    _, _, message, _ = passed_on(site, far, data=lambda text: chain(count, text))
    assert message.count(b'\r\nARC-Seal: ') + message.startswith(b'ARC-Seal: ') <= max(count, 4)
    assert arc(folder, message, site.keys)['result'] == 'fail'


def test_loops_end(site):
    trace = b'Received: from a.test by b.test; Sat, 21 Nov 2026 10:00:00 +0000\r\n' * 51
    with pytest.raises(smtplib.SMTPDataError) as refused:
        site.deliver([f'out@{DOMAIN}'], trace + letter('ann@outside.test', f'out@{DOMAIN}', mark()))
    assert refused.value.smtp_code == 554
