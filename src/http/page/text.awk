# SPDX-License-Identifier: Apache-2.0
# page.html and page.css as C strings: a line <!--@ NAME --> begins the next
# one; what comes from a .css file is page_css.
BEGIN {
	print "/* Made from page.html and page.css by text.awk. */"
}
FILENAME ~ /\.css$/ && FNR == 1 {
	begin("page_css")
}
/^<!--@ [a-z_]+ -->$/ {
	begin($2)
	next
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t\"%s\\n\"\n", $0
}
END {
	print ";"
}

function begin(name) {
	if (open)
		print ";"
	open = 1
	printf "static const char %s[] __attribute__((unused)) =\n", name
}
