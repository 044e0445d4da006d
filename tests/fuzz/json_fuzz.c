/*
 * Fuzzes base/jread beside jansson: the same texts are JSON, they mean the
 * same, and what jwrite makes of it is read back as the same.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jread.h"
#include "base/jwrite.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: an optimised build must notice too. */
static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static json_t	*read_value(struct jread *j);

static json_t *
read_array(struct jread *j)
{
	json_t *array = json_array(), *value;
	bool first = true;
	int more;

	while ((more = jread_element(j, first)) == 1) {
		first = false;
		if ((value = read_value(j)) == NULL)
			break;
		json_array_append_new(array, value);
	}
	if (more == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *
read_object(struct jread *j)
{
	json_t *object = json_object(), *value;
	bool first = true;
	struct span key;
	char *name;
	size_t len;
	int more;

	while ((more = jread_member(j, first, &key)) == 1) {
		first = false;
		len = key.len;
		name = malloc(len + 1);	/* key is gone with the next call */
		memcpy(name, key.data, len);
		if ((value = read_value(j)) != NULL)
			json_object_setn_new(object, name, len, value);
		free(name);
		if (value == NULL)
			break;
	}
	if (more == 0)
		return object;
	json_decref(object);
	return NULL;
}

static void
check_written(const struct jread_value *v, enum jwrite_error status,
    struct buf *b)
{
	struct jread_value again;
	struct jread j;

	must(status == JWRITE_OK, "is written");
	jread_init(&j, buf_span(b));
	must(jread_value(&j, &again) == 0, "is read again");
	must(jread_end(&j) == 0, "ends there");
	must(again.type == v->type, "same type");
	if (v->type == JREAD_INTEGER)
		must(again.integer == v->integer, "same integer");
	else if (v->type == JREAD_REAL)
		must(memcmp(&again.real, &v->real, sizeof(v->real)) == 0,
		    "same number");
	else
		must(again.string.len == v->string.len && memcmp(
		    again.string.data, v->string.data, v->string.len) == 0,
		    "same string");
	jread_clear(&j);
	buf_clear(b);
}

static json_t *
read_value(struct jread *j)
{
	struct jread_value v;
	struct buf b = { 0 };

	if (jread_value(j, &v) == -1)
		return NULL;
	switch (v.type) {
	case JREAD_NULL:
		return json_null();
	case JREAD_FALSE:
		return json_false();
	case JREAD_TRUE:
		return json_true();
	case JREAD_INTEGER:
		check_written(&v, jwrite_integer(&b, v.integer), &b);
		return json_integer(v.integer);
	case JREAD_REAL:
		check_written(&v, jwrite_real(&b, v.real), &b);
		return json_real(v.real);
	case JREAD_STRING:
		check_written(&v, jwrite_string(&b, v.string), &b);
		return json_stringn(v.string.data, v.string.len);
	case JREAD_ARRAY:
		return read_array(j);
	case JREAD_OBJECT:
		return read_object(j);
	}
	return NULL;
}

/* Jansson overlooks a NUL byte after a word or number. */
static void
check_refused(const struct jread *j, const json_t *theirs, struct span text)
{
	must(j->error != JREAD_OK, "says why");
	must(j->error != JREAD_ENOMEM, "memory");
	must(j->error == JREAD_EDEPTH || theirs == NULL ||
	    memchr(text.data, '\0', text.len) != NULL, "jansson refuses");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	json_t *ours, *theirs;
	struct jread j;
	json_error_t why;
	const char *start;

	jread_init(&j, text);
	start = j.at;			/* after a byte order mark */
	theirs = json_loadb(start, (size_t)(j.end - start),
	    JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	ours = read_value(&j);
	if (ours == NULL || jread_end(&j) == -1)
		check_refused(&j, theirs, text);
	else if (theirs != NULL)
		must(json_equal(ours, theirs), "same value");
	else
		must(json_error_code(&why) == json_error_null_byte_in_key ||
		    json_error_code(&why) == json_error_stack_overflow,
		    "jansson accepts");
	json_decref(ours);
	json_decref(theirs);
	jread_clear(&j);
	return 0;
}
