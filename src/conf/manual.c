/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor.conf(5), and the fixed parts of pictord(8). No date and no version:
 * the pages are in the tree and must not change when nothing they say does.
 */
#include "conf/manual.h"

#include "conf/conf.h"
#include "conf/print.h"
#include "conf/table.h"

static void
print_escaped(FILE *out, char c)
{
	if (c == '\\')
		fputs("\\e", out);
	else if (c == '-')
		fputs("\\-", out);
	else
		fputc(c, out);
}

void
manual_word(FILE *out, const char *word)
{
	for (; *word != '\0'; word++)
		print_escaped(out, *word);
}

void
manual_text(FILE *out, const char *text)
{
	bool line_start = true;

	for (; *text != '\0'; text++) {
		/* A request would begin there. */
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		line_start = text[0] == ' ' && text[-1] == '.';
		if (line_start)
			fputc('\n', out);
		else
			print_escaped(out, *text);
	}
	fputc('\n', out);
}

static void
print_lines(FILE *out, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\n", lines[i]);
}

static const char *const conf_before[] = {
	".\\\" SPDX-License-Identifier: Apache-2.0",
	".\\\" Generated from src/conf/conf.def: make generated",
	".TH PICTOR.CONF 5 \"\" Pictor \"File formats\"",
	".SH NAME",
	"pictor.conf \\- configuration of the image server pictord",
	".SH DESCRIPTION",
	"The file is text in UTF\\-8.",
	"Lines",
	".BI [ section ]",
	"begin a section; lines",
	".IB key \" = \" value",
	"set a key of it.",
	"A line that begins with",
	".B #",
	"or",
	".B ;",
	"is a comment, and so is what follows a",
	".B ;",
	"that stands behind a blank.",
	"A key may be set once.",
	".PP",
	"The environment overrides the file:",
	".BI PICTOR_ SECTION _ KEY\\fR,",
	"in named sections",
	".BI PICTOR_MOUNT_ NAME _ KEY",
	"and",
	".BI PICTOR_STORE_ NAME _ KEY\\fR,",
	"all in upper case, a dash in a name written as",
	".BR _ .",
	".PP",
	"A wrong file, section, key or value is refused with one line that",
	"says where it stands and what would be right:",
	".B pictord \\-\\-check",
	"says so beforehand,",
	".B pictord \\-\\-print\\-config",
	"shows every value in force and where it is from.",
	"SIGHUP makes",
	".B pictord",
	"read the file again; if anything is wrong with it, the old",
	"configuration stays in force.",
	"Keys marked \\(lqrestart\\(rq cannot change that way.",
	".SS Types of values",
	".TP",
	".I text\\fR, \\fIpath",
	"As it stands.",
	"A relative path is meant from the folder in which",
	".B pictord",
	"was started.",
	".TP",
	".I whole\\fR, \\fInumber",
	"Digits; a number may have a fraction.",
	".TP",
	".I switch",
	".BR on \", \" off ;",
	"also yes, no, true, false, 1, 0.",
	".TP",
	".I size",
	"Bytes; with",
	".BR k \", \" M \" or \" G",
	"at the end times 1024, 1024\\(S2, 1024\\(S3.",
	".TP",
	".I time",
	"Seconds, or with",
	".BR ms \", \" s \", \" m \", \" h \" or \" d",
	"at the end milliseconds, seconds, minutes, hours, days.",
	".TP",
	".I list",
	"Words with blanks or commas between them.",
	".TP",
	".I choice",
	"One of the words given with the key.",
};

static const char *const conf_after[] = {
	".SH CREDENTIALS OF STORES",
	"A store of type s3 without",
	".B access_key",
	"takes the first of these that is configured, as AWS's own tools do:",
	".IP 1. 3",
	".BR AWS_ACCESS_KEY_ID \" and \" AWS_SECRET_ACCESS_KEY",
	"of the environment, with",
	".BR AWS_SESSION_TOKEN ,",
	"unless a profile is named;",
	".IP 2.",
	"the profile that",
	".B profile",
	"or",
	".B AWS_PROFILE",
	"names, else",
	".BR default ,",
	"of",
	".IR ~/.aws/credentials \" and \" ~/.aws/config",
	".RB ( AWS_SHARED_CREDENTIALS_FILE ,",
	".BR AWS_CONFIG_FILE ):",
	"keys, or",
	".B role_arn",
	"with",
	".BR source_profile \", \" credential_source",
	"or",
	".BR web_identity_token_file ;",
	".IP 3.",
	".BR AWS_WEB_IDENTITY_TOKEN_FILE \" with \" AWS_ROLE_ARN",
	"(EKS);",
	".IP 4.",
	".B AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"or",
	".B AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"(ECS, EKS Pod Identity); the latter over http only on the machine",
	"itself and on AWS's own addresses;",
	".IP 5.",
	"the instance's role (EC2), by version 2 of its service alone,",
	"unless",
	".B AWS_EC2_METADATA_DISABLED",
	"is true.",
	".PP",
	"One that is configured and fails is an error; the next is not asked.",
	"With",
	".B role",
	"that role is taken on with what was found.",
	"Keys that end are refreshed 15 minutes before their end, keys in",
	"files",
	"are read again when the files change, and",
	".B pictor check",
	"says where keys come from and when they end.",
	"Single sign-on and",
	".B credential_process",
	"are not known.",
	".SH SIGNATURE VERSION 2",
	".B signature = v2",
	"is for appliances that know nothing newer, and needs a build with",
	"libs3:",
	".BR \"./configure \\-\\-with\\-libs3\" .",
	"AWS itself no longer accepts it for buckets that were made since",
	"2020.",
	"Use it only in a network that you trust: libs3 verifies no",
	"certificate",
	"(so https is refused here) and follows the store's redirects.",
	"It needs",
	".BR endpoint \", \" access_key \" and \" secret_key ;",
	"keys with blanks, versions, session tokens, roles, customer_key,",
	"expected_owner and requester_pays are not possible, and retries begin",
	"anew instead of going on where a body broke off.",
	"A program that is built so is under GPL 3, as libs3 is.",
	".SH EXAMPLE",
	".EX",
	"[http]",
	"listen = 0.0.0.0:8080 unix:/run/pictor/http.sock",
	"trusted_proxies = 10.0.0.0/8",
	"",
	"[store.photos]",
	"root = /srv/photos",
	"",
	"[mount.site]",
	"path = /",
	"stores = photos",
	"formats = jpeg webp avif",
	"max_width = 2048",
	".EE",
	".SH SEE ALSO",
	".BR pictord (8),",
	".BR pictor (1)",
};

static const char *
type_name(enum conf_type type)
{
	switch (type) {
	case CONF_IS_TEXT:
		return "text";
	case CONF_IS_PATH:
		return "path";
	case CONF_IS_WHOLE:
		return "whole";
	case CONF_IS_NUM:
		return "number";
	case CONF_IS_BOOL:
		return "switch";
	case CONF_IS_SIZE:
		return "size";
	case CONF_IS_TIME:
		return "time";
	case CONF_IS_LIST:
		return "list";
	case CONF_IS_PICK:
		return "choice";
	}
	return "";
}

static void
print_key(FILE *out, const struct conf_row *row)
{
	char limits[ERR_TEXT_MAX];

	fprintf(out, ".TP\n.B ");
	manual_word(out, row->name);
	fprintf(out, "\n(%s", type_name(row->type));
	if ((row->flags & CONF_FLAG_RESTART) != 0)
		fputs(", restart", out);
	if ((row->flags & CONF_FLAG_SECRET) != 0)
		fputs(", secret", out);
	fputs(") ", out);
	manual_text(out, row->text);
	if (print_limits(row, limits, sizeof(limits))) {
		manual_word(out, limits);
		fputs(".\n", out);
	}
	fputs("Default: ", out);
	if (row->def[0] != '\0') {
		fputs("\\fB", out);
		manual_word(out, row->def);
		fputs("\\fP\n", out);
	} else {
		fputs("empty.\n", out);
	}
	if ((row->flags & CONF_FLAG_SECRET) != 0) {
		fputs("A file that holds it may be named by \\fB", out);
		manual_word(out, row->name);
		fputs("_file\\fP.\n", out);
	}
}

static void
print_table(FILE *out, const struct conf_table *table)
{
	const char *section = "";

	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];

		if (strcmp(section, row->section) != 0)
			fprintf(out, ".SS [%s%s]\n", row->section,
			    table->kind != NULL ? ".\\fINAME\\fP" : "");
		section = row->section;
		print_key(out, row);
	}
}

void
conf_print_manual(FILE *out)
{
	print_lines(out, conf_before, NELEM(conf_before));
	fputs(".SH KEYS\n", out);
	print_table(out, conf_table(CONF_MAIN));
	fputs(".SH NAMED SECTIONS\n"
	      "Names are made of a to z, 0 to 9 and \\-, at most 31 of them.\n"
	      "Each\n.BI [mount. NAME ]\n"
	      "binds a URL prefix to a URL language; without one,\n"
	      ".B [mount.query]\nis at / and\n.B [mount.dit]\nat /dit/.\n"
	      "Each\n.BI [store. NAME ]\n"
	      "is a place of originals; without one,\n.B [store.files]\n"
	      "is the folder in which\n.B pictord\nwas started.\n",
	    out);
	print_table(out, conf_table(CONF_MOUNT_TABLE));
	print_table(out, conf_table(CONF_STORE_TABLE));
	print_lines(out, conf_after, NELEM(conf_after));
}

static const char *const pictord_before[] = {
	".\\\" SPDX-License-Identifier: Apache-2.0",
	".\\\" Generated from src/conf/option.def: make generated",
	".TH PICTORD 8 \"\" Pictor \"System administration\"",
	".SH NAME",
	"pictord \\- image server",
	".SH SYNOPSIS",
	".B pictord",
	".RI [ option \"] ...\"",
	".SH DESCRIPTION",
	".B pictord",
	"answers requests for images that are made to order: the URL names an",
	"original and what to do with it.",
	"It reads the original, renders it in sandboxed processes and keeps",
	"the result in memory.",
	".PP",
	"It stays in the foreground and writes its log to standard error.",
	"Under systemd it says when it is ready, takes sockets that systemd",
	"passes, and serves the watchdog.",
	".SH OPTIONS",
};

static const char *const pictord_after[] = {
	".SH SIGNALS",
	".TP",
	".BR SIGTERM \", \" SIGINT",
	"Refuse new requests, finish those that run, exit.",
	"This takes at most",
	".B drain_time",
	"of [http].",
	".TP",
	".B SIGHUP",
	"Read the configuration again, and open log and event files anew.",
	"If the configuration is wrong, the old one stays and the log says",
	"why.",
	".SH ENVIRONMENT",
	".TP",
	".BI PICTOR_ SECTION _ KEY",
	"Overrides a key of the configuration; see",
	".BR pictor.conf (5).",
	".TP",
	".BI AWS_ NAME",
	"Credentials and region of stores of type s3; see",
	".BR pictor.conf (5).",
	".TP",
	".BR NOTIFY_SOCKET \", \" WATCHDOG_USEC \", \" LISTEN_FDS",
	"Set by systemd; see",
	".BR sd_notify (3)",
	"and",
	".BR sd_listen_fds (3).",
	".SH EXIT STATUS",
	".TP",
	".B 0",
	"It was asked to end and did, or did what an option asks for.",
	".TP",
	".B 1",
	"It could not start; standard error says why in one line.",
	".TP",
	".B 2",
	"The command line is wrong.",
	".SH SEE ALSO",
	".BR pictor.conf (5),",
	".BR pictor (1)",
};

void
manual_pictord_before(FILE *out)
{
	print_lines(out, pictord_before, NELEM(pictord_before));
}

void
manual_pictord_after(FILE *out)
{
	print_lines(out, pictord_after, NELEM(pictord_after));
}
