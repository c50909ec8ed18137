#pragma once
#include <errno.h>
#include <ldns/ldns.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libldns makes `bool` a char of its own where it finds no other: none is used here. */

/* The one question of a query. `name` is as sent, escaped, with its last dot; `udp_size` is 0 without EDNS. */
struct davit_dns_question {
    uint16_t type, cls, udp_size;
    uint8_t opcode;
    uint8_t response;
    char name[LDNS_MAX_DOMAINLEN * 4 + 2];
};

/* -EBADMSG for what is no message with one question. */
static inline int davit_dns_parse(const uint8_t *_Nonnull bytes, size_t count,
                                  struct davit_dns_question *_Nonnull ret_question)
{
    ldns_pkt *packet = NULL;
    if (ldns_wire2pkt(&packet, bytes, count) != LDNS_STATUS_OK)
        return -EBADMSG;
    int result = -EBADMSG;
    ldns_rr *asked = ldns_pkt_qdcount(packet) == 1 ? ldns_rr_list_rr(ldns_pkt_question(packet), 0) : NULL;
    char *name = asked ? ldns_rdf2str(ldns_rr_owner(asked)) : NULL;
    if (name && strlen(name) < sizeof ret_question->name) {
        strcpy(ret_question->name, name);
        ret_question->type = ldns_rr_get_type(asked);
        ret_question->cls = ldns_rr_get_class(asked);
        ret_question->udp_size = ldns_pkt_edns(packet) ? ldns_pkt_edns_udp_size(packet) : 0;
        ret_question->opcode = ldns_pkt_get_opcode(packet);
        ret_question->response = ldns_pkt_qr(packet);
        result = 0;
    }
    LDNS_FREE(name);
    ldns_pkt_free(packet);
    return result;
}

/* Pushes records, one a line, in the form of a zone file. */
static inline int davit_dns_push(ldns_pkt *_Nonnull packet, ldns_pkt_section section, const char *_Nonnull lines)
{
    char *copy = strdup(lines), *rest = copy, *line;
    int whole = copy != NULL;
    while (whole && (line = strsep(&rest, "\n"))) {
        ldns_rr *record = NULL;
        if (!*line)
            continue;
        whole = ldns_rr_new_frm_str(&record, line, 0, NULL, NULL) == LDNS_STATUS_OK;
        if (whole && !ldns_pkt_push_rr(packet, section, record)) {
            ldns_rr_free(record);
            whole = 0;
        }
    }
    free(copy);
    return whole;
}

static inline int64_t davit_dns_copy(const ldns_pkt *_Nonnull packet, uint8_t *_Nonnull ret_bytes, size_t capacity)
{
    uint8_t *wire = NULL;
    size_t size = 0;
    if (ldns_pkt2wire(&wire, packet, &size) != LDNS_STATUS_OK)
        return -EBADMSG;
    int64_t result = size <= capacity ? (int64_t)size : -EMSGSIZE;
    if (result >= 0)
        memcpy(ret_bytes, wire, size);
    LDNS_FREE(wire);
    return result;
}

static inline ldns_pkt *_Nullable davit_dns_reply(const ldns_pkt *_Nonnull query, uint8_t rcode, int authoritative,
                                                  int truncated)
{
    ldns_pkt *reply = ldns_pkt_new();
    if (!reply)
        return NULL;
    ldns_pkt_set_id(reply, ldns_pkt_id(query));
    ldns_pkt_set_qr(reply, 1);
    ldns_pkt_set_opcode(reply, ldns_pkt_get_opcode(query));
    ldns_pkt_set_rd(reply, ldns_pkt_rd(query));
    ldns_pkt_set_cd(reply, ldns_pkt_cd(query));
    ldns_pkt_set_ra(reply, 1);
    ldns_pkt_set_aa(reply, authoritative != 0);
    ldns_pkt_set_tc(reply, truncated != 0);
    ldns_pkt_set_rcode(reply, rcode);
    for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_question(query)); i++) {
        ldns_rr *asked = ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query), i));
        if (!asked || !ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION, asked)) {
            ldns_rr_free(asked);
            ldns_pkt_free(reply);
            return NULL;
        }
    }
    if (ldns_pkt_edns(query))
        ldns_pkt_set_edns_udp_size(reply, 1232);
    return reply;
}

/* The reply to a query; without its records and marked as truncated where it has more than `capacity` bytes. */
static inline int64_t davit_dns_answer(const uint8_t *_Nonnull bytes, size_t count, uint8_t rcode, int authoritative,
                                       const char *_Nonnull answers, const char *_Nonnull authority,
                                       uint8_t *_Nonnull ret_bytes, size_t capacity)
{
    ldns_pkt *query = NULL;
    if (ldns_wire2pkt(&query, bytes, count) != LDNS_STATUS_OK)
        return -EBADMSG;
    int64_t result = -EMSGSIZE;
    for (int truncated = 0; truncated < 2 && result == -EMSGSIZE; truncated++) {
        ldns_pkt *reply = davit_dns_reply(query, rcode, authoritative, truncated);
        result = -ENOMEM;
        if (reply && (truncated || (davit_dns_push(reply, LDNS_SECTION_ANSWER, answers) &&
                                    davit_dns_push(reply, LDNS_SECTION_AUTHORITY, authority))))
            result = davit_dns_copy(reply, ret_bytes, capacity);
        ldns_pkt_free(reply);
    }
    ldns_pkt_free(query);
    return result;
}
