"""The list of attacks (README.md) names tests that are there."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def test_every_test_of_the_list_is_there():
    with open(os.path.join(HERE, 'README.md'), encoding='utf-8') as f:
        named = re.findall(r'`([\w/]+\.(?:py|c))::(\w+)`', f.read())
    assert len(named) > 60
    missing = []
    for file, name in named:
        path = os.path.join(TOP, file) if file.startswith('src/') else os.path.join(TOP, 'tests', file if '/' in file else f'system/{file}')
        with open(path, encoding='utf-8') as f:
            if not re.search(rf'^(?:def|static void) {name}\(', f.read(), re.M):
                missing.append(f'{file}::{name}')
    assert missing == []
