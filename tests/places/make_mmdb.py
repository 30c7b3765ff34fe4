#!/usr/bin/python3
"""Writes a small database in the MaxMind DB format 2.0, for tests: make_mmdb.py OUTPUT [ROW…]; a row is "network country region latitude longitude".

The file is a binary tree over the bits of an address, a data section and metadata. A node is two records of 24 bits (left for bit 0, right for
bit 1). A record is the number of another node, node_count for "no data", or node_count + 16 + offset of a value in the data section. Behind the
tree come 16 zero bytes, the values, a marker and a map of metadata. IPv4 networks lie under ::/96.
"""
import ipaddress
import struct
import sys

ROWS = [
    '192.0.2.0/24 DE BE 52.52 13.40',
    '198.51.100.0/24 DE BY 48.14 11.58',
    '203.0.113.0/24 JP 13 35.68 139.69',
    '2001:db8:1::/48 US CA 37.77 -122.42',
    '192.88.99.0/24 FR - - -',
]
MARKER = b'\xab\xcd\xefMaxMind.com'
DOUBLE, UINT16, UINT32, MAP, UINT64, ARRAY, TEXT = 3, 5, 6, 7, 9, 11, 2


def control(kind, size):
    """Type in the upper three bits, or zero and the type less seven in the next byte; a size from 29 to 284 has a byte of its own."""
    extended = bytes([kind - 7]) if kind > 7 else b''
    head = (0 if kind > 7 else kind << 5) | min(size, 29)
    return bytes([head]) + extended + (bytes([size - 29]) if size >= 29 else b'')


def encode(value):
    if isinstance(value, dict):
        return control(MAP, len(value)) + b''.join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b''.join(map(encode, value))
    if isinstance(value, float):
        return control(DOUBLE, 8) + struct.pack('>d', value)
    if isinstance(value, tuple):  # (type of number, number)
        digits = value[1].to_bytes(8, 'big').lstrip(b'\0')
        return control(value[0], len(digits)) + digits
    raw = value.encode()
    return control(TEXT, len(raw)) + raw


def value_of(fields):
    country, region, latitude, longitude = fields
    value = {'country': {'iso_code': country}}
    if region != '-':
        value['subdivisions'] = [{'iso_code': region}]
    if latitude != '-':
        value['location'] = {'latitude': float(latitude), 'longitude': float(longitude)}
    return encode(value)


def bits_of(text):
    network = ipaddress.ip_network(text)
    extra = 96 if network.version == 4 else 0
    number = int(network.network_address)
    return [number >> (127 - i) & 1 for i in range(extra + network.prefixlen)]


def build(rows):
    nodes, data = [[None, None]], b''
    for row in rows:
        network, *fields = row.split()
        *path, last = bits_of(network)
        at = 0
        for bit in path:
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][last] = ('data', len(data))
        data += value_of(fields)
    count = len(nodes)

    def record(r):
        return (count if r is None else count + 16 + r[1] if isinstance(r, tuple) else r).to_bytes(3, 'big')

    tree = b''.join(record(left) + record(right) for left, right in nodes)
    metadata = {'node_count': (UINT32, count), 'record_size': (UINT16, 24), 'ip_version': (UINT16, 6), 'database_type': 'Test-City',
                'languages': ['en'], 'binary_format_major_version': (UINT16, 2), 'binary_format_minor_version': (UINT16, 0),
                'build_epoch': (UINT64, 1700000000), 'description': {'en': 'made for tests'}}
    return tree + bytes(16) + data + MARKER + encode(metadata)


if __name__ == '__main__':
    with open(sys.argv[1], 'wb') as out:
        out.write(build(sys.argv[2:] or ROWS))
