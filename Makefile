# lurl: `make run` shows what it is for, `make test` proves it.
#
#   make              build/lurl, and build/https.so for stock Lua 5.4
#   make run          the main job, on loopback, no network needed
#   make test         every test; make fuzz, make bench, make valgrind
#   make install      under PREFIX, /usr/local, and DESTDIR; make uninstall
#   make SHARED=1     link the system's shared libraries instead of archives
#   make LIBTLS=DIR   LibreSSL (or another libtls) installed under DIR

CC	?= cc
CFLAGS	?= -O2 -g
LUA	:= $(firstword $(foreach l,lua5.4 lua-5.4 lua54 lua, \
	   $(shell pkg-config --exists '$l >= 5.4' 2>/dev/null && echo $l)))

WARN	= -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wwrite-strings \
	  -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN	= -D_FORTIFY_SOURCE=2 -fstack-protector-strong
SAN	= -fsanitize=address,undefined -fno-sanitize-recover=all \
	  -fno-omit-frame-pointer -g -O1 -DHEAP_PLAIN
DEFS	= -D_GNU_SOURCE -Isrc -Iinclude -Ibuild/gen $(PKG_CFLAGS)

PKGS	= $(LUA) libuv jansson
ifdef LIBTLS
TLS_CFLAGS = -I$(LIBTLS)/include
TLS_LIBS   = -L$(LIBTLS)/lib -Wl,-rpath,$(LIBTLS)/lib -ltls -lssl -lcrypto
else
PKGS	+= libtls libssl libcrypto
endif
PKG_CFLAGS := $(TLS_CFLAGS) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)

# The archives start faster than shared libraries: a script that makes one
# request pays for loading libcrypto and relocating it, 1.3 ms of 2.
include_shared = $(TLS_LIBS) $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm -lpthread
libdir	:= $(shell pkg-config --variable=libdir libcrypto 2>/dev/null)
archive	= $(firstword $(wildcard $(foreach n,$1,$(libdir)/lib$n.a)) $2)
ifdef SHARED
LIBS	= $(include_shared)
else ifdef LIBTLS
LIBS	= $(include_shared)
else
LIBS	= $(call archive,tls,-ltls) $(call archive,ssl,-lssl) \
	  $(call archive,crypto,-lcrypto) $(call archive,uv_a uv,-luv) \
	  $(call archive,jansson,-ljansson) \
	  $(call archive,$(LUA) lua5.4 lua,-l$(LUA)) -lm -lpthread -ldl
endif
LIBS	+= $(PSL_LIBS) $(IDN_LIBS)

# International names: optional, left out where libidn2 is not installed.
ifeq ($(shell pkg-config --exists libidn2 2>/dev/null && echo yes),yes)
DEFS	+= -DHAVE_LIBIDN2
ifneq ($(SHARED)$(LIBTLS)$(wildcard $(libdir)/libunistring.a),$(libdir)/libunistring.a)
IDN_LIBS = -lidn2
else
IDN_LIBS = $(call archive,idn2,-lidn2) $(call archive,unistring,-lunistring)
endif
endif

# Public suffixes, optional too; the archive needs the two above.
ifeq ($(shell pkg-config --exists libpsl 2>/dev/null && echo yes),yes)
DEFS	+= -DHAVE_LIBPSL
PKG_CFLAGS += $(shell pkg-config --cflags libpsl)
PSL_LIBS = $(if $(filter %libunistring.a,$(IDN_LIBS)), \
	   $(call archive,psl,-lpsl),-lpsl)
endif

# Content codings, each optional too: zlib is gzip and deflate.
CODINGS	:= $(foreach p,zlib libbrotlidec libzstd, \
	   $(shell pkg-config --exists $p 2>/dev/null && echo $p))
PKG_CFLAGS += $(if $(CODINGS),$(shell pkg-config --cflags $(CODINGS)))
DEFS	+= $(if $(filter zlib,$(CODINGS)),-DHAVE_ZLIB) \
	   $(if $(filter libbrotlidec,$(CODINGS)),-DHAVE_BROTLI) \
	   $(if $(filter libzstd,$(CODINGS)),-DHAVE_ZSTD)
CODING_SHARED := $(if $(CODINGS),$(shell pkg-config --libs $(CODINGS)))
ifdef SHARED
CODING_LIBS = $(CODING_SHARED)
else
CODING_LIBS = $(if $(filter zlib,$(CODINGS)),$(call archive,z,-lz)) \
	  $(if $(filter libbrotlidec,$(CODINGS)), \
	  $(call archive,brotlidec brotlidec-static,-lbrotlidec) \
	  $(call archive,brotlicommon brotlicommon-static,-lbrotlicommon)) \
	  $(if $(filter libzstd,$(CODINGS)),$(call archive,zstd,-lzstd))
endif
LIBS	+= $(CODING_LIBS)

# HTTP/2, optional too.
ifeq ($(shell pkg-config --exists libnghttp2 2>/dev/null && echo yes),yes)
DEFS	+= -DHAVE_NGHTTP2
PKG_CFLAGS += $(shell pkg-config --cflags libnghttp2)
H2_SHARED := $(shell pkg-config --libs libnghttp2)
H2_LIBS	= $(if $(SHARED),$(H2_SHARED),$(call archive,nghttp2,$(H2_SHARED)))
endif
LIBS	+= $(H2_LIBS)

HOST	= src/lurl.c src/state.c
ENGINE	= $(wildcard src/base/*.c src/http/*.c src/tls/*.c src/net/*.c)
BIND	= $(wildcard src/bind/*.c)
POLICY	= $(wildcard src/lua/*.lua)
UNIT	= $(wildcard tests/unit/*_test.c)

ENGINE_O = $(ENGINE:%.c=build/obj/%.o)
BIND_O	 = $(BIND:%.c=build/obj/%.o)
SAN_ENGINE_O = $(ENGINE:%.c=build/san/%.o)
SAN_BIND_O   = $(BIND:%.c=build/san/%.o)
PIC_O	 = $(ENGINE:%.c=build/pic/%.o) $(BIND:%.c=build/pic/%.o)
UNITS	 = $(UNIT:tests/unit/%.c=build/unit/%)
SERVERS	 = $(patsubst tests/servers/%.c,build/servers/%, \
	   $(wildcard tests/servers/*.c))

all: build/lurl build/https.so

build/lurl: $(HOST:%.c=build/obj/%.o) $(BIND_O) build/liblurl.a
	$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)
build/liblurl.a: $(ENGINE_O)
	@rm -f $@
	ar rcs $@ $^
# A look-up that hangs outlives the state that closes the module: it stays mapped.
build/https.so: $(PIC_O)
	$(CC) $(LDFLAGS) -shared -Wl,-z,nodelete -o $@ $^ \
	    $(filter-out -l$(LUA),$(include_shared)) \
	    $(if $(IDN_LIBS),-lidn2) $(if $(PSL_LIBS),-lpsl) $(CODING_SHARED) \
	    $(H2_SHARED)

# A C program that embeds lurl: make example SOURCE=host.c PROGRAM=host
example: $(BIND_O) build/liblurl.a
	$(CC) $(WARN) $(CFLAGS) $(DEFS) -o $(PROGRAM) $(SOURCE) $^ $(LIBS)

# The same, under AddressSanitizer and UBSan.
build/san/lurl: $(HOST:%.c=build/san/%.o) $(SAN_BIND_O) build/san/liblurl.a
	$(CC) $(LDFLAGS) $(SAN) -rdynamic -o $@ $^ $(LIBS)
build/san/liblurl.a: $(SAN_ENGINE_O)
	@rm -f $@
	ar rcs $@ $^

build/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) $(HARDEN) $(DEFS) -MMD -MP -c -o $@ $<
build/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) $(HARDEN) -fPIC $(DEFS) -MMD -MP -c -o $@ $<
build/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(SAN) $(DEFS) -MMD -MP -c -o $@ $<
# The Lua modules as C arrays.  Bytecode, where the Lua that made it is linked
# in; source, where another may load it.
MODULES	= build/gen/modules.$(if $(SHARED),source,bytecode)
build/embed: src/embed.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) $(DEFS) -o $@ $< $(LIBS)
build/gen/modules.bytecode: build/embed $(POLICY)
	@mkdir -p $(@D)
	build/embed -b $(POLICY) > $@
build/gen/modules.source: build/embed $(POLICY)
	@mkdir -p $(@D)
	build/embed -s $(POLICY) > $@
build/obj/src/bind/modules.o build/san/src/bind/modules.o: $(MODULES)
build/obj/src/bind/modules.o build/san/src/bind/modules.o: \
    DEFS += -DMODULES='"$(MODULES:build/gen/%=%)"'
build/pic/src/bind/modules.o: build/gen/modules.source
build/pic/src/bind/modules.o: DEFS += -DMODULES='"modules.source"'

build/unit/%: tests/unit/%.c build/san/liblurl.a
	@mkdir -p $(@D)
	$(CC) $(WARN) $(SAN) $(DEFS) $(LDFLAGS) -MMD -MP -o $@ $< \
	    $(filter %.o,$^) build/san/liblurl.a $(LIBS) -lcmocka
build/unit/nomem_test: $(SAN_BIND_O)
build/unit/net_nomem_test: LDFLAGS += $(foreach f,malloc calloc realloc \
	    reallocarray strdup asprintf,-Wl,--wrap=$f)
build/servers/%: tests/servers/%.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -D_GNU_SOURCE $(PKG_CFLAGS) -MMD -MP -o $@ $< \
	    $(include_shared)

units: $(UNITS)
servers: $(SERVERS)

# A fresh machine has nothing of what the lines above ask pkg-config for, so
# the rest is a second make, after the installation.
run:
	@tests/install build
	@$(MAKE) -s --no-print-directory build/lurl build/servers/httpsd pki
	@tests/demo

test:
	@tests/install test
	@$(MAKE) -s --no-print-directory -j2 test-built

test-built: all build/san/lurl units servers pki clang
	@tests/layers
	@$(MAKE) -s --no-print-directory fuzz SECONDS=20
	@tests/run

# Everything once more with clang, for its warnings.
clang: build/gen/modules.source
	@if command -v clang >/dev/null; then for f in $(ENGINE) $(BIND) \
	    $(HOST) src/embed.c $(UNIT) $(wildcard tests/servers/*.c); do \
	    clang $(WARN) -fsyntax-only $(DEFS) \
	    -DMODULES='"modules.source"' $$f || exit 1; done; fi

# The command finds its scripts in ../share/lurl/scripts from where it is.
PREFIX	?= /usr/local
ROOT	= $(DESTDIR)$(PREFIX)
SCRIPTS	= $(wildcard scripts/*.lua)
install: all
	install -d $(ROOT)/bin $(ROOT)/include $(ROOT)/lib/lua/5.4 \
	    $(ROOT)/share/lurl/scripts $(ROOT)/share/man/man1 \
	    $(ROOT)/share/man/man3
	install -m 755 build/lurl $(ROOT)/bin
	install -m 644 include/lurl.h $(ROOT)/include
	install -m 755 build/https.so $(ROOT)/lib/lua/5.4
	install -m 644 $(SCRIPTS) $(ROOT)/share/lurl/scripts
	install -m 644 src/man/lurl.1 $(ROOT)/share/man/man1
	install -m 644 src/man/https.3 $(ROOT)/share/man/man3
uninstall:
	rm -f $(ROOT)/bin/lurl $(ROOT)/include/lurl.h \
	    $(ROOT)/lib/lua/5.4/https.so $(ROOT)/share/man/man1/lurl.1 \
	    $(ROOT)/share/man/man3/https.3 \
	    $(SCRIPTS:scripts/%=$(ROOT)/share/lurl/scripts/%)
	rmdir $(ROOT)/share/lurl/scripts $(ROOT)/share/lurl 2>/dev/null || :

# Fuzzing, each target for SECONDS, from the seeds that are kept.
SECONDS	?= 60
FUZZERS	= $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
fuzz: $(FUZZERS:%=fuzz-%)
fuzz-%: build/fuzz/%
	@mkdir -p build/fuzz/corpus/$*
	@build/fuzz/$* -max_total_time=$(SECONDS) -timeout=5 -verbosity=0 \
	    -print_final_stats=0 -artifact_prefix=build/fuzz/ \
	    build/fuzz/corpus/$* tests/fuzz/seeds/$*
build/fuzz/%: tests/fuzz/%_fuzz.c $(wildcard src/base/*.c src/http/*.c) \
    src/net/socks.c src/net/tunnel.c tests/fuzz/sum.h
	@mkdir -p $(@D)
	clang $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all $(DEFS) -o $@ $(filter %.c,$^) $(IDN_LIBS) \
	    $(CODING_LIBS) $(H2_LIBS) -ljansson

# Every Lua test under valgrind: slow, and says more of some mistakes.  What
# libcrypto keeps until the end is not a leak of ours.
VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full \
	   --show-leak-kinds=definite,indirect \
	   --errors-for-leak-kinds=definite,indirect \
	   --suppressions=tests/valgrind.supp
# Not these: hundreds of connections to servers that live for 20 s, and every
# combination of trust in a thousand handshakes.  In others some rows fail
# (status 1), for they allow less time than it takes: that is told and passed.
TOO_SLOW = tests/lua/descriptor_test.lua tests/lua/session_trust_test.lua
build/plain/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) $(HARDEN) $(DEFS) -DHEAP_PLAIN -MMD -MP -c \
	    -o $@ $<
build/plain/lurl: build/plain/src/base/heap.o $(HOST:%.c=build/obj/%.o) \
    $(BIND_O) build/liblurl.a
	$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)
valgrind: build/plain/lurl build/https.so servers pki
	@for t in $(filter-out $(TOO_SLOW), \
	    $(wildcard tests/lua/*_test.lua tests/tls/*_test.lua)); do \
	    echo $$t; LURL=build/plain/lurl LUA_PATH="./?.lua;;" \
	    XDG_CACHE_HOME=$(CURDIR)/build/cache $(VALGRIND) \
	    build/plain/lurl $$t; [ $$? -le 1 ] || exit 1; done

clean:
	rm -rf build

.PHONY: all example units servers run test test-built clang install uninstall \
	fuzz valgrind clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)

# Every certificate that a client must accept or refuse, made afresh.
build/pki/pki: tests/pki/pki.c tests/pki/revocation.c tests/pki/pki.h
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -D_GNU_SOURCE $(PKG_CFLAGS) -o $@ \
	    $(filter %.c,$^) \
	    $(TLS_LIBS) -lcrypto
build/pki/.made: build/pki/pki
	build/pki/pki build/pki
	@touch $@
pki: build/pki/.made
.PHONY: pki

# What a request costs, beside other programs; BENCH_ROUNDS=N for how long.
build/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -D_GNU_SOURCE $(PKG_CFLAGS) -o $@ $< \
	    $(or $(TLS_LIBS),$(shell pkg-config --libs libtls 2>/dev/null))
bench: build/lurl build/bench/floor build/bench/peak servers pki
	@tests/bench/run
.PHONY: bench
