# SPDX-License-Identifier: Apache-2.0
# Files as C strings: load.sql becomes load_sql. Those of the folder migration
# become an array besides, in the order in which they are given.
BEGIN {
	print "/* Made from the files of this folder by text.awk. */"
}
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	if (FILENAME ~ /\/migration\/[0-9]/)
		migrations[++count] = name
	gsub(/[^A-Za-z0-9]/, "_", name)
	if (open)
		print ";"
	open = 1
	printf "static const char text_%s[] __attribute__((unused)) =\n", name
}
{
	gsub(/[\\"]/, "\\\\&")
	printf "\t\"%s\\n\"\n", $0
}
END {
	print ";"
	print "static const struct migration_row {"
	print "\tint number;"
	print "\tconst char *name;"
	print "\tconst char *text;"
	print "} text_migrations[] __attribute__((unused)) = {"
	for (i = 1; i <= count; i++) {
		name = migrations[i]
		gsub(/[^A-Za-z0-9]/, "_", name)
		printf "\t{ %d, \"%s\", text_%s },\n", migrations[i] + 0, \
		    migrations[i], name
	}
	print "};"
}
