# SPDX-License-Identifier: Apache-2.0
# What configure.ac asks again and again, written once.

# PICTOR_CHECK_FLAG(VARIABLE, FLAG, [PROGRAM])
# Appends FLAG to VARIABLE if the compiler (with the linker, if PROGRAM is
# "link") takes it without a warning.
AC_DEFUN([PICTOR_CHECK_FLAG], [
  AS_VAR_PUSHDEF([known], [pictor_cv_flag_$1_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [known], [
    pictor_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    m4_if([$3], [link],
      [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("")]])],
        [AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])],
      [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]],
          [[puts("")]])],
        [AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])])
    CFLAGS=$pictor_saved_CFLAGS
  ])
  AS_VAR_IF([known], [yes], [AS_VAR_APPEND([$1], [" $2"])])
  AS_VAR_POPDEF([known])
])

# PICTOR_CHECK_FLAGS(VARIABLE, FLAGS, [PROGRAM])
AC_DEFUN([PICTOR_CHECK_FLAGS],
  [m4_foreach_w([pictor_flag], [$2],
    [PICTOR_CHECK_FLAG([$1], m4_defn([pictor_flag]), [$3])])])

# PICTOR_LIBRARY(NAME, MODULES, DEBIAN PACKAGE)
# Finds a library that Pictor cannot be built without, or ends with the one
# line that says how to get it. Folders of foreign headers become system
# folders, so that warnings are about our own code only.
AC_DEFUN([PICTOR_LIBRARY], [
  PKG_CHECK_MODULES([$1], [$2], [], [
    AC_MSG_ERROR([$2 is missing: apt-get install $3])])
  PICTOR_SYSTEM_HEADERS([$1_CFLAGS])
])

# PICTOR_SYSTEM_HEADERS(VARIABLE)
# A folder that the compiler searches anyway must not be named again: it would
# move in front of the others.
AC_DEFUN([PICTOR_SYSTEM_HEADERS], [
  pictor_flags=
  for pictor_flag in $$1; do
    AS_CASE([$pictor_flag],
      [-I/usr/include|-I/usr/include/*-linux-gnu*], [],
      [-I*], [pictor_dir=`AS_ECHO(["$pictor_flag"]) | sed 's/^-I//'`
        AS_VAR_APPEND([pictor_flags], [" -isystem $pictor_dir"])],
      [AS_VAR_APPEND([pictor_flags], [" $pictor_flag"])])
  done
  $1=$pictor_flags
])
