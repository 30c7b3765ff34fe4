"""Files for the tests of src/inspect, made by hand: every one small, none of them harmful. `inspect_make.py DIR` writes a corpus for the fuzzers."""
import gzip
import io
import os
import struct
import sys
import tarfile
import zipfile
import zlib


# ---- ZIP ----

def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, data in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = method
            z.writestr(info, data)
    return out.getvalue()


def local(name, data, flags=0, method=0, packed=None, size=None, crc=None, extra=b''):
    return struct.pack('<4sHHHHHIIIHH', b'PK\3\4', 20, flags, method, 0, 0, zlib.crc32(data) if crc is None else crc,
                       len(data) if packed is None else packed, len(data) if size is None else size, len(name), len(extra)) + name + extra + data


def central(name, data, offset, flags=0, method=0, packed=None, size=None, crc=None, extra=b'', attributes=0, made=0):
    return struct.pack('<4sBBHHHHHIIIHHHHHII', b'PK\1\2', 20, made, 20, flags, method, 0, 0, zlib.crc32(data) if crc is None else crc,
                       len(data) if packed is None else packed, len(data) if size is None else size, len(name), len(extra), 0, 0, 0, attributes,
                       offset) + name + extra


def end(count, size, offset):
    return struct.pack('<4sHHHHIIH', b'PK\5\6', 0, 0, count, count, size, offset, 0)


def zip_raw(locals_, centrals):
    """Locals and centrals as bytes; offsets are the caller's."""
    body, directory = b''.join(locals_), b''.join(centrals)
    return body + directory + end(len(centrals), len(directory), len(body))


def zip_overlap(count=50):
    """Many members that are one and the same."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = data.compress(b'\0' * 1000000) + data.flush()
    crc = zlib.crc32(b'\0' * 1000000)
    one = local(b'a', packed, method=8, size=1000000, crc=crc)
    return zip_raw([one], [central(b'a%d' % i, packed, 0, method=8, size=1000000, crc=crc) for i in range(count)])


def zip_bomb(layers=3, each=10):
    data = zipped([('0', b'\0' * 3000000)])
    for _ in range(layers):
        data = zipped([(f'{i}.zip', data) for i in range(each)])
    return data


def zip_nested(depth):
    data = zipped([('bottom.txt', b'here')], zipfile.ZIP_STORED)
    for i in range(depth):
        data = zipped([(f'{i}.zip', data)], zipfile.ZIP_STORED)
    return data


def zip_encrypted(name=b'secret.js'):
    return zip_raw([local(name, b'x' * 30, flags=1)], [central(name, b'x' * 30, 0, flags=1)])


def zip_claims():
    """Says that it has 65,535 members of 4 GiB."""
    one = local(b'a', b'hello')
    directory = central(b'a', b'hello', 0, packed=0xfffffff0, size=0xfffffff0)
    return one + directory + end(65535, len(directory), len(one))


def zip64_claims():
    one = local(b'a', b'hello')
    directory = central(b'a', b'hello', 0)
    at = len(one) + len(directory)
    record = struct.pack('<4sQHHIIQQQQ', b'PK\6\6', 44, 45, 45, 0, 0, 1000000, 1000000, len(directory), len(one))
    return one + directory + record + struct.pack('<4sIQI', b'PK\6\7', 0, at, 1) + end(0xffff, len(directory), len(one))


def zip_link(target=b'/etc/passwd'):
    return zip_raw([local(b'link', target)], [central(b'link', target, 0, attributes=0o120777 << 16, made=3)])


# ---- OLE ----

def ole(tree, clsid=b'\0' * 16, sector=512):
    """`tree`: {name: bytes or tree}. All streams in ordinary sectors of at least 4096 bytes, which needs no mini stream."""
    entries = [['Root Entry', 5, None, b'', clsid]]

    def add(node, parent):
        children = []
        for name, value in node.items():
            index = len(entries)
            kind = 1 if isinstance(value, dict) else 2
            entries.append([name, kind, None, value if kind == 2 else b'', b'\0' * 16])
            children.append(index)
            if kind == 1:
                add(value, index)
        entries[parent][2] = children

    add(tree, 0)
    links = {i: [0xffffffff, 0xffffffff, 0xffffffff] for i in range(len(entries))}
    for i, e in enumerate(entries):
        if e[2]:
            links[i][2] = e[2][0]
            for a, b in zip(e[2], e[2][1:]):
                links[a][1] = b
    chains, data, fat = {}, b'', []

    def put(content):
        nonlocal data
        if not content:
            return 0xfffffffe
        first = len(fat)
        count = (len(content) + sector - 1) // sector
        data += content.ljust(count * sector, b'\0')
        fat.extend(list(range(first + 1, first + count)) + [0xfffffffe])
        return first

    sizes = {}
    for i, e in enumerate(entries):
        if e[1] == 2:
            content = e[3]
            sizes[i] = max(len(content), 4096) if content else 0
            chains[i] = put(content.ljust(4096, b'\0')) if content else 0xfffffffe
    directory = b''
    for i, (name, kind, _, _, cls) in enumerate(entries):
        wide = name.encode('utf-16-le') + b'\0\0'
        directory += wide.ljust(64, b'\0') + struct.pack('<HBBIII', len(wide), kind, 1, *links[i]) + cls + struct.pack('<IQQIQ', 0, 0, 0, chains.get(i, 0xfffffffe),
                                                                                                              sizes.get(i, 0))
    directory += b'\0' * (-len(directory) % sector)
    start = put(directory)
    per = sector // 4
    count = 1
    while (len(fat) + count + per - 1) // per > count:
        count += 1
    first = len(fat)
    fat.extend([0xfffffffd] * count)
    table = b''.join(struct.pack('<I', x) for x in fat).ljust(count * sector, b'\xff')
    header = b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + b'\0' * 16 + struct.pack('<HHHHH6xIIIIIIIIII', 0x3e, 3, 0xfffe, 9, 6, 0, count, start, 0, 4096, 0xfffffffe, 0,
                                                                       0xfffffffe, 0, first)
    difat = [first + i for i in range(1, count)]
    header += b''.join(struct.pack('<I', x) for x in difat)
    return header.ljust(512, b'\xff') + data + table


def ole_cycle():
    """A stream whose chain runs in a circle."""
    whole = bytearray(ole({'WordDocument': b'x' * 20000}))
    table = whole.rfind(struct.pack('<III', 1, 2, 3))
    struct.pack_into('<I', whole, table + 4 * 8, 2)
    entry = whole.find('WordDocument'.encode('utf-16-le'))
    struct.pack_into('<I', whole, entry + 120, 0x7fffffff)
    return bytes(whole)


def ovba(data):
    """MS-OVBA container with literals alone."""
    out = b'\1'
    for i in range(0, len(data), 3600):
        piece = data[i:i + 3600]
        chunk = b''.join(b'\0' + piece[k:k + 8] for k in range(0, len(piece), 8))
        out += struct.pack('<H', 0xb000 | (len(chunk) + 2 - 3)) + chunk
    return out


def vba_project(source, code=b'\xcc' * 100, keep=True):
    name = b'Module1'
    record = lambda i, d: struct.pack('<HI', i, len(d)) + d
    directory = (record(1, b'\3\0\0\0') + struct.pack('<HIIH', 9, 4, 1, 1) + record(0x19, name) + record(0x1a, name) + record(0x32, name.decode().encode('utf-16-le'))
                 + record(0x31, struct.pack('<I', len(code))) + record(0x2b, b'') + record(0x10, b''))
    module = code + (ovba(source) if keep else b'\0' * len(source))
    # Padded streams would end a container with zeros, which no chunk begins with.
    return {'VBA': {'dir': ovba(directory), 'Module1': module, '_VBA_PROJECT': b'\xcc\x61' + b'\0' * 20}}


def doc(extra=None, flags=0, text=b''):
    fib = bytearray(0x400)
    struct.pack_into('<HH', fib, 0, 0xa5ec, 0xc1)
    struct.pack_into('<H', fib, 10, flags)
    return ole({'WordDocument': bytes(fib) + text, '1Table': b'\0' * 100, **(extra or {})})


def biff(*records):
    return b''.join(struct.pack('<HH', i, len(d)) + d for i, d in records)


def xls(*records):
    return ole({'Workbook': biff((0x809, struct.pack('<HHHHII', 0x600, 5, 0, 0, 0, 0)), *records, (0x0a, b''))})


def native(name=b'invoice.js', data=b'WScript.Echo(1)'):
    body = struct.pack('<H', 2) + name + b'\0C:\\temp\\' + name + b'\0' + b'\0\0\3\0' + struct.pack('<I', len(name) + 4) + b'C:\\' + name + b'\0' + struct.pack('<I', len(data)) + data
    return struct.pack('<I', len(body)) + body


# ---- Office Open XML ----

TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/m.xml" ContentType="%s"/></Types>'
MAIN = {'docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml', 'docm': 'application/vnd.ms-word.document.macroEnabled.main+xml',
        'xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml', 'xlsm': 'application/vnd.ms-excel.sheet.macroEnabled.main+xml',
        'pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml'}
RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/'


def relationship(kind, target, external=True):
    mode = ' TargetMode="External"' if external else ''
    return f'<Relationships xmlns="x"><Relationship Id="r1" Type="{RELATIONS}{kind}" Target="{target}"{mode}/></Relationships>'


def office(kind, *parts):
    main = {'d': 'word/document.xml', 'x': 'xl/workbook.xml', 'p': 'ppt/presentation.xml'}[kind[0]]
    body = ('<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Dear all, see https://example.org/ and write.'
            '</w:t></w:r></w:p></w:body></w:document>') if kind[0] == 'd' else '<workbook><sheets><sheet name="One" sheetId="1"/></sheets></workbook>'
    names = [p[0] for p in parts]
    members = [('[Content_Types].xml', TYPES % MAIN[kind]), ('_rels/.rels', relationship('officeDocument', main, False))]
    members += [] if main in names else [(main, body)]
    return zipped(members + list(parts))


def field(*pieces):
    runs = ''.join(f'<w:r><w:instrText>{p}</w:instrText></w:r>' for p in pieces)
    return ('<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:r><w:fldChar w:fldCharType="begin"/></w:r>' + runs +
            '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:document>')


def odt(*parts):
    members = [('mimetype', 'application/vnd.oasis.opendocument.text'), ('content.xml', '<office:document-content><text:p>Hello</text:p></office:document-content>'),
               ('META-INF/manifest.xml', '<manifest:manifest/>')]
    return zipped(members + list(parts))


# ---- PDF ----

def pdf(*objects, trailer=b'/Root 1 0 R'):
    out = b'%PDF-1.7\n'
    for i, o in enumerate(objects):
        out += b'%d 0 obj\n' % (i + 1) + o + b'\nendobj\n'
    return out + b'trailer\n<< ' + trailer + b' /Size %d >>\nstartxref\n0\n%%%%EOF\n' % (len(objects) + 1)


def pdf_stream(data, extra=b'', compress=True):
    packed = zlib.compress(data) if compress else data
    return b'<< /Length %d %s %s >>\nstream\n' % (len(packed), b'/Filter /FlateDecode' if compress else b'', extra) + packed + b'\nendstream'


PLAIN_PAGES = (b'<< /Type /Catalog /Pages 2 0 R >>', b'<< /Type /Pages /Kids [3 0 R] /Count 1 >>', b'<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>',
               pdf_stream(b'BT /F1 12 Tf (JavaScript and Launch are words) Tj ET'))


def pdf_objstm(inner):
    head = b'5 0 '
    return pdf(b'<< /Type /Catalog /Pages 2 0 R >>', pdf_stream(head + inner, b'/Type /ObjStm /N 1 /First %d' % len(head)))


# ---- others ----

def pe(size=512):
    return (b'MZ' + b'\0' * 58 + struct.pack('<I', 64) + b'PE\0\0\x64\x86').ljust(size, b'\0')


def lnk(target='C:\\Windows\\System32\\cmd.exe', arguments='/c start x', icon=None):
    flags = 0x80 | 8 | 0x20 | (0x40 if icon else 0)
    text = lambda s: struct.pack('<H', len(s)) + s.encode('utf-16-le')
    head = struct.pack('<I', 0x4c) + bytes.fromhex('0114020000000000c000000000000046') + struct.pack('<I', flags) + b'\0' * 52
    return head + text(target) + text(arguments) + (text(icon) if icon else b'') + b'\0\0\0\0'


def rtf_object(name=b'Package', data=None, extra=b'\\objemb', noise=b''):
    body = struct.pack('<II', 0x501, 2) + struct.pack('<I', len(name) + 1) + name + b'\0' + struct.pack('<II', 0, 0)
    data = native()[4:] if data is None else data
    body += struct.pack('<I', len(data)) + data
    text = body.hex().encode()
    return b'{\\rtf1 {\\object' + extra + b'{\\*\\objdata ' + text[:10] + noise + text[10:] + b'}}}'


def iso(files, joliet=False):
    """One folder."""
    sector = 2048
    body, records = b'', b''
    at = 20
    for name, data in files:
        wide = name.encode('utf-16-be') if joliet else name.encode()
        n = 33 + len(wide) + (len(wide) + 1) % 2
        records += (struct.pack('<BBI4xI4x7sBBBHHB', n, 0, at, len(data), b'\0' * 7, 0, 0, 0, 1, 0, len(wide)) + wide).ljust(n, b'\0')
        count = (len(data) + sector - 1) // sector
        body += data.ljust(count * sector, b'\0')
        at += count
    root = struct.pack('<BBI4xI4x7sBBBHHBB', 34, 0, 19, sector, b'\0' * 7, 2, 0, 0, 1, 0, 1, 0)
    primary = (b'\1CD001\1' + b'\0' * 149 + root).ljust(sector, b'\0')
    second = (b'\2CD001\1' + b'\0' * 81 + b'%/E' + b'\0' * 65 + root).ljust(sector, b'\0') if joliet else (b'\xffCD001\1').ljust(sector, b'\0')
    last = (b'\xffCD001\1').ljust(sector, b'\0')
    return b'\0' * (16 * sector) + primary + second + last + records.ljust(sector, b'\0') + body


def iso_of_itself():
    """A file that spans the whole image."""
    image = bytearray(iso([('SELF.ISO;1', b'')]))
    record = 19 * 2048
    struct.pack_into('<I', image, record + 2, 0)
    struct.pack_into('<I', image, record + 10, len(image))
    return bytes(image)


def mhtml(name, data):
    import base64
    return (b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<html></html>\r\n--x\r\n'
            b'Content-Location: file:///C:/x/' + name + b'\r\nContent-Transfer-Encoding: base64\r\nContent-Type: application/x-mso\r\n\r\n' +
            base64.encodebytes(data).replace(b'\n', b'\r\n') + b'\r\n--x--\r\n')


def fat(files, partition=False, footer=False):
    """FAT12, one sector a cluster, 16 entries in the root folder; names of at most 13 characters as long names."""
    table, data, root = [0xff8, 0xfff], b'', b''
    for i, (name, content) in enumerate(files):
        long_name = (name.encode('utf-16-le') + b'\0\0').ljust(26, b'\xff')[:26]
        root += b'\x41' + long_name[:10] + b'\x0f\0\0' + long_name[10:22] + b'\0\0' + long_name[22:26]
        root += struct.pack('<11sB14xHI', b'FILE%d   BIN' % i, 0x20, len(table), len(content))
        count = (len(content) + 511) // 512
        table += list(range(len(table) + 1, len(table) + count)) + [0xfff]
        data += content.ljust(count * 512, b'\0')
    packed = b''
    for a, b in zip(table[0::2], table[1::2] + [0]):
        packed += bytes([a & 0xff, a >> 8 | (b & 15) << 4, b >> 4])
    sectors = 200
    boot = (b'\xeb\x3c\x90MSDOS5.0' + struct.pack('<HBHBHHBHHHII', 512, 1, 1, 1, 16, sectors, 0xf0, 1, 18, 2, 0, 0)).ljust(510, b'\0') + b'\x55\xaa'
    disk = (boot + packed.ljust(512, b'\0') + root.ljust(512, b'\0') + data).ljust(sectors * 512, b'\0')
    if partition:
        disk = (b'\0' * 446 + struct.pack('<BBBBBBBBII', 0x80, 0, 0, 0, 1, 0, 0, 0, 1, sectors)).ljust(510, b'\0') + b'\x55\xaa' + disk
    return disk + (b'conectix'.ljust(512, b'\0') if footer else b'')


def tarred(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as t:
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = 'elsewhere' if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ''
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def rar4(name=b'a.js', encrypted=False, stored=True, data=b'alert(1)'):
    head = b'Rar!\x1a\7\0' + struct.pack('<HBHH6x', 0, 0x73, 0, 13)
    flags = 0x8000 | (4 if encrypted else 0)
    return head + struct.pack('<HBHHIIBIIBBHI', 0, 0x74, flags, 32 + len(name), len(data), len(data), 2, 0, 0, 29, 0x30 if stored else 0x33, len(name), 0) + name + data


def rar5(name=b'a.js', data=b'alert(1)', headers=False):
    out = b'Rar!\x1a\7\1\0'
    block = lambda b: b'\0\0\0\0' + bytes([len(b)]) + b
    if headers:
        return out + block(b'\4\0\0\0\0')
    return out + block(b'\1\0\0') + block(bytes([2, 2, len(data), 0, len(data), 0, 0, 0, len(name)]) + name) + data + block(b'\5\0\0')


def sevenzip(names=('a.txt', 'b.js'), encrypted=False):
    text = b'\0' + b''.join(n.encode('utf-16-le') + b'\0\0' for n in names)
    header = b'\x01\x05\x02\x11' + bytes([len(text)]) + text + b'\0\0' if not encrypted else b'\x17\6\xe0\1\7\x0b\1\0\1\x24\6\xf1\7\1\0'
    return b'7z\xbc\xaf\x27\x1c\0\4' + b'\0' * 4 + struct.pack('<QQI', 0, len(header), 0) + header


def cab(name=b'a.exe', data=None, zipped_=True):
    data = pe() if data is None else data
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b'CK' + c.compress(data) + c.flush() if zipped_ else data
    file = struct.pack('<IIHHHH', len(data), 0, 0, 0, 0, 0) + name + b'\0'
    files = 36 + 8
    folder = struct.pack('<IHH', files + len(file), 1, 1 if zipped_ else 0)
    body = folder + file + struct.pack('<IHH', 0, len(block), len(data)) + block
    return struct.pack('<4sIIIIIBBHHHHH', b'MSCF', 0, 36 + len(body), 0, files, 0, 3, 1, 1, 1, 0, 0, 0) + body


def tnef(name=b'a.exe', data=None):
    data = pe() if data is None else data
    attribute = lambda i, d: b'\2' + struct.pack('<II', i, len(d)) + d + b'\0\0'
    return b'\x78\x9f\x3e\x22\1\0' + attribute(0x00069002, b'\0' * 14) + attribute(0x00018010, name + b'\0') + attribute(0x0006800f, data)


def onenote(data):
    return (bytes.fromhex('e4525c7b8cd8a74daeb15378d02996d3') + b'\0' * 1000 + bytes.fromhex('e716e3bd65261145a4c48d4d0b7a9eac') + struct.pack('<Q', len(data)) +
            b'\0' * 12 + data + b'\0' * 100)


PNG = b'\x89PNG\r\n\x1a\n' + b'\0\0\0\rIHDR' + b'\0' * 60


def corpus():
    """One small file for each way into each format."""
    macro = ole(vba_project(b'Attribute VB_Name = "M"\r\nSub AutoOpen()\r\nShell "x"\r\nEnd Sub\r\n'))
    return {
        'zip': {'plain': zipped([('a.txt', b'a'), ('b.js', b'b')]), 'overlap': zip_overlap(5), 'encrypted': zip_encrypted(), 'claims': zip_claims(),
                'zip64': zip64_claims(), 'nested': zip_nested(3), 'link': zip_link()},
        'ole': {'doc': doc({'Macros': vba_project(b'Attribute VB_Name = "M"\r\nSub Document_Open()\r\nEnd Sub')}), 'xls': xls((0x85, b'\0\0\0\0\2\1\3\0abc')),
                'native': doc({'ObjectPool': {'_1': {'\x01Ole10Native': native()}}}), 'cycle': ole_cycle()},
        'office': {'docm': office('docm', ('word/vbaProject.bin', macro)), 'template': office('docx', ('word/_rels/settings.xml.rels',
                   relationship('attachedTemplate', 'http://x.example/t.dotm'))), 'dde': office('docx', ('word/document.xml', field('DD', 'EAUTO c:\\x'))),
                   'odt': odt(('Basic/Standard/M.xml', 'Sub Main: Shell("x"): End Sub'))},
        'pdf': {'plain': pdf(*PLAIN_PAGES), 'script': pdf(b'<< /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>'),
                'objstm': pdf_objstm(b'<< /S /Launch /F (cmd.exe) >>'), 'file': pdf(b'<< /F (a.exe) /EF << /F 2 0 R >> >>', pdf_stream(pe(), b'/Type /EmbeddedFile'))},
        'text': {'html': b'<html><script>eval(unescape("%41"))</script><form action=http://x><input type=password></form></html>',
                 'svg': b'<svg xmlns="x" onload="alert(1)"><script>1</script></svg>', 'ics': b'BEGIN:VCALENDAR\r\nATTACH:http://x\r\nEND:VCALENDAR\r\n',
                 'rtf': rtf_object(), 'url': b'[InternetShortcut]\r\nURL=file://x/y.exe\r\n', 'lnk': lnk(), 'mht': b'MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>',
                 'mht2': mhtml(b'editdata.mso', b'ActiveMime'.ljust(50, b'\0') + zlib.compress(macro)),
                 'xml': b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "http://x/">]><a>&b;</a>'},
        'archive': {'tar': tarred(('a.js', b'1', tarfile.REGTYPE)), 'gzip': gzip.compress(b'hello', mtime=0), 'rar4': rar4(), 'rar5': rar5(), '7z': sevenzip(), 'cab': cab(),
                    'iso': iso([('A.TXT;1', b'a')]), 'fat': fat([('a.js', b'1')])[:20480], 'tnef': tnef(), 'onenote': onenote(pe()), 'uu': b'begin 644 a.js\n#0V%T\n`\nend\n',
                    'cpio': b'070701' + b'0' * 48 + b'00000001' + b'0' * 40 + b'00000002' + b'0' * 8 + b'a\0', 'ar': b'!<arch>\na/              0           0     0     644     1         `\nx\n'},
    }


# The last byte of a text chooses its name, in the order of src/inspect/meson.build.
CHOICE = {'html': 0, 'svg': 1, 'ics': 2, 'rtf': 3, 'url': 4, 'lnk': 5, 'mht': 6, 'mht2': 6, 'xml': 7}

if __name__ == '__main__':
    for target, files in corpus().items():
        os.makedirs(os.path.join(sys.argv[1], f'fuzz_inspect_{target}'), exist_ok=True)
        for name, data in files.items():
            with open(os.path.join(sys.argv[1], f'fuzz_inspect_{target}', name), 'wb') as f:
                f.write(data + bytes([CHOICE[name]]) if target == 'text' else data)
