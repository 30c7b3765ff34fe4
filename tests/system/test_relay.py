"""Mail to another domain, through the real relay."""
import email
import email.policy
import time

from mail import letter, mark


def test_a_letter_reaches_the_outside(site):
    user, text = site.user('james.carter'), mark()
    data = letter(user['address'], 'friend@outside.test', text, f'{text} 中文\r\n')
    site.send(user, ['friend@outside.test'], data)
    path = site.outside_has(text)
    with open(path, 'rb') as f:
        raw = f.read()
    assert data in raw or data.replace(b'\r\n', b'\n') in raw


def test_a_permanent_error_comes_back_as_a_report(site):
    user, text = site.user('chen.yu'), mark()
    site.send(user, ['permerror@outside.test'], letter(user['address'], 'permerror@outside.test', text))
    report = email.message_from_bytes(site.report(user, text), policy=email.policy.default)
    assert report.get_content_type() == 'multipart/report'
    kinds = [part.get_content_type() for part in report.iter_parts()]
    assert kinds[1] == 'message/delivery-status'
    status = report.as_string()
    assert 'Action: failed' in status
    assert 'rfc822;permerror@outside.test' in status.lower().replace('rfc822; ', 'rfc822;')


def test_a_temporary_error_is_tried_again_and_can_be_dropped(site):
    user, text = site.user('anna.schmidt'), mark()
    site.send(user, ['temperror@outside.test'], letter(user['address'], 'temperror@outside.test', text))
    job = wait_for_job(site, lambda j: j['state'] == 'deferred' and 'temperror@outside.test' in str(j))
    code, shown, _ = site.instance.cli('queue', 'show', job['id'], check=False)
    assert code == 0 and shown['attempts'] >= 1
    for verb in ('hold', 'release', 'retry'):
        assert site.instance.cli('queue', verb, job['id'], check=False)[0] == 0, verb
    assert site.instance.cli('queue', 'drop', job['id'], '--yes', check=False)[0] == 0
    assert site.instance.cli('queue', 'show', job['id'], check=False)[0] == 6


def test_a_silent_peer_delays_only_its_own_mail(site):
    user, text = site.user('anna.schmidt'), mark()
    site.send(user, ['timeout@outside.test'], letter(user['address'], 'timeout@outside.test', mark()))
    site.send(user, ['quick@outside.test'], letter(user['address'], 'quick@outside.test', text))
    site.outside_has(text, seconds=25)  # less than relay.timeout, after which the silent one holds up nobody anyway
    job = wait_for_job(site, lambda j: 'timeout@outside.test' in str(j))
    site.instance.cli('queue', 'drop', job['id'], '--yes')


def test_bouncing_a_held_message_tells_its_sender(site):
    user, text = site.user('zhao.min'), mark()
    site.send(user, ['temperror@outside.test'], letter(user['address'], 'temperror@outside.test', text))
    job = wait_for_job(site, lambda j: 'temperror@outside.test' in str(j) and j['from'] == user['address'])
    site.instance.cli('queue', 'hold', job['id'])
    site.instance.cli('queue', 'bounce', job['id'])
    site.report(user, text)


def test_several_domains_in_one_letter_each_get_theirs(site):
    user, text = site.user('james.carter'), mark()
    to = ['one@outside.test', 'two@outside.test', site.user('chen.yu')['address']]
    site.send(user, to, letter(user['address'], to, text, text + '\r\n'))
    site.outside_has(text)
    site.find(site.user('chen.yu'), text)


def wait_for_job(site, wanted, seconds=60):
    end = time.monotonic() + seconds
    while True:
        jobs = site.instance.cli('queue', 'list')['jobs']
        for job in jobs:
            if wanted(job):
                return job
        assert time.monotonic() < end, f'not in the queue: {jobs}'
        time.sleep(0.2)
