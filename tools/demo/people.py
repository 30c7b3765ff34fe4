"""Who works at demo.test."""

DOMAIN = 'demo.test'
HOSTNAME = 'mail.demo.test'
OUTSIDE = 'outside.test'

# local part, name, department, role
PEOPLE = [
    ('lin.xiaomei', '林晓梅', '财务部', 'department'),
    ('wang.lei', '王磊', '财务部', 'user'),
    ('anna.schmidt', 'Anna Schmidt', 'Engineering', 'department'),
    ('james.carter', 'James Carter', 'Engineering', 'user'),
    ('chen.yu', '陈宇', 'Engineering', 'user'),
    ('zhao.min', '赵敏', '行政部', 'department'),
    ('maria.rossi', 'Maria Rossi', '行政部', 'user'),
]

# People who run the system; they have no mailbox.
STAFF = [('admin', '系统管理员 Administrator', 'IT', 'administrator')]

# shared address, name, members
GROUPS = [
    ('info', '公司信箱 Information', ['zhao.min', 'maria.rossi']),
    ('finance', '财务共享信箱 Finance', ['lin.xiaomei', 'wang.lei']),
]

ALIASES = [('postmaster', 'maria.rossi'), ('office', 'zhao.min')]


def address(local):
    return f'{local}@{DOMAIN}'


def name_of(local):
    for person in PEOPLE:
        if person[0] == local:
            return person[1]
    for group in GROUPS:
        if group[0] == local:
            return group[1]
    return ''
