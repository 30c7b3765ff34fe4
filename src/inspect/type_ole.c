#include "inspect/thing.h"
enum inspect_type type_of_ole(struct slice content) { return FILE_ole; }
