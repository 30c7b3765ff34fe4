/* Devices, sign-ins, programs. */
#include "base/ensure.h"
#include "cmd/cli.h"

static void show_devices(const json_t *result)
{
	cli_table(json_object_get(result, "devices"), "ID:id ADDRESS:address NAME:name STATE:state PROTOCOL:protocol IP:ip USED:used@ APPROVED:approver");
}

static void show_signins(const json_t *result)
{
	cli_table(json_object_get(result, "signins"), "TIME:time@ IP:ip PROTOCOL:protocol DEVICE:device PROGRAM:client OUTCOME:outcome RULE:rule UNUSUAL:unusual");
}

static void show_clients(const json_t *result)
{
	cli_table(json_object_get(result, "clients"), "PROGRAM:client PROTOCOL:protocol ACCOUNTS:accounts SIGN-INS:count LAST:used@ FLOOR:floor");
}

static const struct cli_command device_commands[] = {
	{.words = "device list", .op = "device.list", .positional = "address", .help = "devices of a user", .show = show_devices},
	{.words = "device all", .op = "device.all", .options = "state", .help = "devices of everybody; --state pending: those that wait", .show = show_devices,
	 .list = "devices"},
	{.words = "device approve", .op = "device.approve", .positional = "id#", .help = "let a device in"},
	{.words = "device block", .op = "device.block", .positional = "id#", .options = "reason", .help = "block a device; what is open by it ends"},
	{.words = "device rename", .op = "device.rename", .positional = "id# name", .help = "name a device"},
	{.words = "device remove", .op = "device.remove", .positional = "id#", .help = "sign a device out and forget it, with its app passwords"},
	{.words = "device signins", .op = "signin.list", .positional = "address", .help = "sign-ins of a user in 30 days", .show = show_signins, .list = "signins"},
	{.words = "device programs", .op = "client.report", .help = "programs and versions that signed in", .show = show_clients},
};
const struct cli_noun cli_device = {"device", device_commands, ARRAY_LEN(device_commands)};
