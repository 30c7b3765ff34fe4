"""Aggregate reports of DMARC: sent to domains that ask for them, summed up when they come in."""
import email
import email.policy
import gzip
import time
import xml.etree.ElementTree as ElementTree
from email.message import EmailMessage

import pytest

from conftest import end_site, make_site
from mail import letter, mark
from test_revoke import new_user

# Names of its own for each run are not needed: the site is.
ZONE = '''
asks.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.asks.example. 300 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@outside.test"
asks.example._report._dmarc.outside.test. 300 IN TXT "v=DMARC1"
unwanted.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.unwanted.example. 300 IN TXT "v=DMARC1; p=none; rua=mailto:victim@outside.test"
other.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
'''

INCOMING = '''<?xml version="1.0"?><feedback><report_metadata><org_name>Asks</org_name><email>r@asks.example</email><report_id>{id}</report_id>
<date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
<policy_published><domain>demo.test</domain><p>none</p></policy_published>
{rows}</feedback>'''
ROW = '''<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition><dkim>{result}</dkim><spf>fail</spf>
</policy_evaluated></row><identifiers><header_from>demo.test</header_from></identifiers><auth_results><spf><domain>demo.test</domain>
<result>none</result></spf></auth_results></record>'''


@pytest.fixture(scope='module')
def reporting():
    made = make_site({'report.address': 'reports@demo.test', 'report.organisation': 'The Organisation', 'report.notice': '1h'}, seed=False)
    try:
        with open(made.instance.path('zone'), 'a', encoding='ascii') as f:
            f.write(ZONE)
        made.instance.cli('reload')
        made.instance.cli('domain', 'add', 'demo.test')
        made.reader = new_user(made, 'reader')
        made.instance.cli('alias', 'add', 'reports@demo.test', made.reader['address'])
        made.instance.cli('alias', 'add', 'postmaster@demo.test', made.reader['address'])
        made.instance.cli('domain', 'dkim', 'add', 'demo.test')
        made.instance.cli('domain', 'dkim', 'rotate', 'demo.test', '--now')
        yield made
    finally:
        end_site(made)


def deliver(site, author, sender=None):
    text = mark()
    site.deliver([site.reader['address']], letter(author, site.reader['address'], text), sender=sender or author)
    site.find(site.reader, text, 'INBOX', seconds=30)


def send_reports(site, wanted, seconds=60):
    """Notes are written once a second; a report is sent when there is one."""
    end, sent = time.monotonic() + seconds, 0
    while sent < wanted:
        code, result, _ = site.instance.cli('domain', 'send-reports', check=False)
        sent += result['sent'] if code == 0 else 0
        assert time.monotonic() < end, f'{sent} of {wanted} reports'
        time.sleep(0.3)
    return sent


def test_a_domain_that_asks_gets_a_report_where_it_is_wanted(reporting):
    for _ in range(2):
        deliver(reporting, 'ann@asks.example')
    deliver(reporting, 'ann@asks.example', 'list@other.example')
    deliver(reporting, 'bob@unwanted.example')
    send_reports(reporting, 1)
    rows, end = {}, time.monotonic() + 60
    while sum(rows.values()) < 3:
        assert time.monotonic() < end, rows
        rows = read_reports(reporting)
        if sum(rows.values()) < 3:
            reporting.instance.cli('domain', 'send-reports', check=False)
            time.sleep(0.5)
    assert rows == {('127.0.0.1', 'pass'): 2, ('127.0.0.1', 'fail'): 1}
    assert not [p for p in reporting.outside_files() if b'victim@outside.test' in open(p, 'rb').read()]


def read_reports(site):
    rows = {}
    for path in site.outside_files():
        with open(path, 'rb') as f:
            raw = f.read()
        if b'Report Domain: asks.example' not in raw:
            continue
        message = email.message_from_bytes(raw[raw.index(b'DKIM-Signature'):], policy=email.policy.default)
        assert message['From'].addresses[0].addr_spec == 'postmaster@demo.test' and 'd=demo.test' in message['DKIM-Signature']
        assert message['Auto-Submitted'] == 'auto-generated' and message['Message-ID']
        part = next(p for p in message.walk() if p.get_content_type() == 'application/gzip')
        assert part.get_filename().startswith('mail.demo.test!asks.example!') and part.get_filename().endswith('.xml.gz')
        tree = ElementTree.fromstring(gzip.decompress(part.get_content()))
        assert tree.findtext('.//org_name') == 'The Organisation' and tree.findtext('.//policy_published/p') == 'none'
        for record in tree.iter('record'):
            key = (record.findtext('row/source_ip'), record.findtext('row/policy_evaluated/spf'))
            rows[key] = rows.get(key, 0) + int(record.findtext('row/count'))
    return rows


def bring_report(site, number, rows, sender='reporter@asks.example', day=0):
    begin = (int(time.time()) // 86400 - day) * 86400
    message = EmailMessage()
    message['From'], message['To'], message['Subject'] = sender, 'reports@demo.test', f'Report Domain: demo.test {mark()}'
    message['Message-ID'], message['Date'] = f'<{mark()}@asks.example>', 'Sat, 21 Nov 2026 10:00:00 +0000'
    message.set_content('A report.\n')
    xml = INCOMING.format(id=number, begin=begin, end=begin + 86399, rows=''.join(ROW.format(ip=i, count=c, result=r) for i, c, r in rows))
    message.add_attachment(gzip.compress(xml.encode()), maintype='application', subtype='gzip', filename='asks.example!demo.test!1!2.xml.gz')
    site.deliver(['reports@demo.test'], message.as_bytes(policy=email.policy.SMTP), sender=sender)


def listed(site, wanted, seconds=60):
    end = time.monotonic() + seconds
    while True:
        result = site.instance.cli('domain', 'reports', 'demo.test')
        if wanted(result):
            return result
        assert time.monotonic() < end, result
        time.sleep(0.3)


def test_what_others_report_is_summed_up_with_advice(reporting):
    assert reporting.instance.cli('domain', 'reports', 'demo.test')['advice'] == 'no_reports'
    for day in range(8):
        bring_report(reporting, f'r{day}', [('192.0.2.1', 100, 'pass')], day=day)
    result = listed(reporting, lambda r: r['passed'] == 800)
    assert result['advice'] == 'quarantine' and result['policy'] == 'none' and result['failed'] == 0
    bring_report(reporting, 'r0', [('192.0.2.1', 100, 'pass')])  # the same again counts once
    bring_report(reporting, 'forged', [('198.51.100.9', 5000, 'fail')], sender='reporter@liar.example')
    bring_report(reporting, 'last', [('198.51.100.7', 50, 'fail')])
    result = listed(reporting, lambda r: r['failed'] > 0)
    assert result['passed'] == 800 and result['failed'] == 50 and result['advice'] == 'sources_fail'
    assert result['sources'][0]['source'] == '198.51.100.7'


# Behind the one that brings failing sources.
def test_the_postmaster_is_told_once_of_sources_that_fail(reporting):
    listed(reporting, lambda r: r['failed'] > 0)
    subject = 'Mail in the name of your domain fails'
    reporting.instance.options['report.notice'] = '2s'  # looked for as often
    reporting.instance.write_config()
    reporting.instance.cli('reload')
    raw = reporting.find(reporting.reader, subject, seconds=60)[0]
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(('plain',)).get_content()
    assert '198.51.100.7 (50)' in body and 'letterlock domain reports demo.test' in body
