/* A page is kept without a step: a step would be a leaf about leaves, and so on without end. */
#include "services/audit/decide.h"

#include "services/kernel/base/must.h"

void audit_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    (void)world;
    const struct page *this = state;
    const struct page_body *body = input->body;
    struct page *page = next;
    must(input->kind == INPUT_MESSAGE && input->type == TYPE_PAGE && body);
    must(body->count > 0 && body->count <= PAGE_LEAVES_MAX && body->hashes);
    if (this->agg.ver > 0) {
        outcome_refuse(outcome, REFUSAL_PAGE_TWICE);
        return;
    }
    if (body->service != input->source) {
        outcome_refuse(outcome, REFUSAL_OTHER_SERVICE);
        return;
    }
    page->source = body->service;
    page->count = body->count;
    page->leaves = body->leaves;
    page->hashes = body->hashes;
    page->agg.ver = 1;
    outcome->keep = true;
}
