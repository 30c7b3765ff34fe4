"""letterlock trust spf and dmarc, against a server of DNS and against a zone file."""
import json
import socket
import struct
import subprocess
import threading

import pytest

from conftest import PROGRAMS

A, PTR, TXT = 1, 12, 16
ZONE = {
    ('good.test', TXT): b'v=spf1 ptr -all',
    ('5.2.0.192.in-addr.arpa', PTR): 'mail.good.test',
    ('mail.good.test', A): bytes([192, 0, 2, 5]),
    ('slow.test', TXT): b'v=spf1 include:silent.test -all',
    ('_dmarc.good.test', TXT): b'v=DMARC1; p=reject',
}


def wire_name(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'


def rdata(kind, value):
    return bytes([len(value)]) + value if kind == TXT else wire_name(value) if kind == PTR else value


def answer(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    name, kind = '.'.join(labels), struct.unpack('>H', query[at + 1:at + 3])[0]
    if name == 'silent.test':
        return None
    value = ZONE.get((name, kind))
    exists = any(owner == name or owner.endswith('.' + name) for owner, _ in ZONE)
    out = query[:2] + struct.pack('>HHHHH', 0x8580 | (0 if exists else 3), 1, 1 if value else 0, 0, 0) + query[12:at + 5]
    if value:
        data = rdata(kind, value)
        out += b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, len(data)) + data
    return out


@pytest.fixture(scope='module')
def server():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', 0))

    def serve():
        while True:
            query, peer = sock.recvfrom(4096)
            if not query:
                return
            reply = answer(query)
            if reply:
                sock.sendto(reply, peer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield '127.0.0.1:%d' % sock.getsockname()[1]
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', sock.getsockname())
    thread.join()
    sock.close()


def trust(*arguments, code=0):
    done = subprocess.run([PROGRAMS + '/letterlock', 'trust', *map(str, arguments), '--json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_spf_asks_a_server(server):
    result = trust('spf', '--ip', '192.0.2.5', '--helo', 'mail.good.test', '--mail-from', 'ann@good.test', '--dns', server)
    assert (result['schema'], result['result'], result['term'], result['helo']) == ('letterlock.trust.spf.1', 'pass', 'ptr', 'none')
    asked = {(row['name'], row['type']): row for row in result['lookups']}
    assert asked['good.test', 'TXT']['records'] == ['"v=spf1 ptr -all"']
    assert asked['5.2.0.192.in-addr.arpa', 'PTR']['records'] == ['mail.good.test.']
    assert asked['mail.good.test', 'A']['records'] == ['192.0.2.5']


def test_what_a_server_does_not_answer_has_failed_temporarily(server):
    result = trust('spf', '--ip', '192.0.2.5', '--helo', 'h.test', '--mail-from', 'ann@slow.test', '--dns', server, '--timeout', '60')
    assert result['result'] == 'temperror'
    assert [row['status'] for row in result['lookups'] if row['name'] == 'silent.test'] == ['failed']


def test_dmarc_uses_spf_and_a_zone_file(server, tmp_path):
    message = tmp_path / 'message'
    message.write_text('From: Ann <ann@good.test>\nSubject: x\n\nhello\n')
    options = ('--ip', '192.0.2.5', '--helo', 'h.test', '--mail-from', 'ann@good.test')
    result = trust('dmarc', message, *options, '--dns', server)
    assert (result['result'], result['spf_aligned'], result['policy'], result['disposition']) == ('pass', True, 'reject', 'none')
    zone = tmp_path / 'zone'
    zone.write_text('$ORIGIN good.test.\n@ TXT (\n "v=spf1 "\n "-all" )\n_dmarc TXT "v=DMARC1; p=quarantine; t=y"\n')
    result = trust('dmarc', message, *options, '--dns', zone)
    assert (result['result'], result['policy'], result['disposition'], result['override']) == ('fail', 'quarantine', 'none', 'policy_test_mode')
    assert trust('dmarc', message, '--dkim', 'mail.good.test', '--dns', zone)['dkim_aligned']


def test_arguments_that_make_no_sense_are_usage(tmp_path):
    zone = tmp_path / 'zone'
    zone.write_text('a TXT "open\n')
    for arguments in (('spf', '--mail-from', 'a@b.test'), ('spf', '--ip', 'x'), ('spf', '--ip', '192.0.2.1', '--dns', zone),
                      ('spf', '--ip', '192.0.2.1', '--now', 'soon'), ('spf', '--ip', '192.0.2.1', '--timeout', 'x'),
                      ('dmarc', '/nothing/there'), ('dmarc', zone, '--dns', zone, '--exempt', 'x')):
        assert trust(*arguments, code=2)['errors']


def test_a_report_is_summed_up(tmp_path):
    report = tmp_path / 'report.xml'
    row = '<record><row><source_ip>192.0.2.%d</source_ip><count>%d</count><policy_evaluated><disposition>none</disposition><dkim>%s</dkim>' \
          '<spf>fail</spf></policy_evaluated></row><identifiers><header_from>a.test</header_from></identifiers><auth_results/></record>'
    report.write_text('<feedback><report_metadata><org_name>O</org_name><report_id>1</report_id><date_range><begin>1</begin><end>2</end></date_range>'
                      '</report_metadata><policy_published><domain>a.test</domain><p>none</p></policy_published>'
                      + row % (1, 5, 'pass') + row % (2, 7, 'fail') + '</feedback>')
    result = trust('report', report)
    assert (result['result'], result['domain'], result['messages'], result['passed'], result['sources']) == ('dmarc', 'a.test', 12, 5, 2)
    report.write_text('<!DOCTYPE feedback><feedback/>')
    assert trust('report', report)['result'] == 'none'
