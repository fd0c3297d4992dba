/* What is masked and what is not, text by text; and of every text and of noise: valid UTF-8, never
 * longer, the same when it is masked again. */
#include "services/kernel/base/pure_mask.h"

#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define NOISE_ROUNDS 20000
#define NOISE_PIECES_MAX 12

struct mask_case {
    const char *text, *masked; /* NULL: as it was */
};

static const struct mask_case numbers[] = {
        {"13812341234", "138****1234"},
        {"请回电13812341234，谢谢", "请回电138****1234，谢谢"},
        {"138 1234 1234", "138 **** 1234"},
        {"138-1234-1234", "138-****-1234"},
        {"138－1234－1234", "138－****－1234"},
        {"1381234 1234", "138**** 1234"},
        {"+86 13812341234", "+86 138****1234"},
        {"+86-138-1234-1234", "+86-138-****-1234"},
        {"8613812341234", "86138****1234"},
        {"013812341234", "0138****1234"},
        {"１３８１２３４１２３４", "１３８****１２３４"},
        {"一三八〇〇一三八〇〇〇", "一三八****八〇〇〇"},
        {"幺三八零零幺三八零零零", "幺三八****八零零零"},
        {"13812341234 13912341234", "138****1234 139****1234"},
        {"13812341234/13912341234", "138****1234/139****1234"},
        {"3号楼 13812341234", "3号楼 138****1234"},
        {"tel13812341234", "tel138****1234"},
        {"020-83123456", "020-****3456"},
        {"(020)83123456", "(020)****3456"},
        {"（0755）8312 3456", "（0755）**** 3456"},
        {"02083123456", "020****3456"},
        {"0763-3123456", "0763-***3456"},
        {"电话：83123456", "电话：****3456"},
        {"座机8312-3456打不通", "座机****-3456打不通"},
        {"400-820-8820", "400-***-8820"},
        {"4008208820", "400***8820"},
        {"800 830 1234", "800 *** 1234"},
        {"440113199003071235", "440*************35"},
        {"11010519491231002X", "110*************2X"},
        {"11010519491231002x。", "110*************2x。"},
        {"440113 19900307 1235", "440*** ******** **35"},
        {"身份证号440113199003071230", "身份证号440*************30"},
        {"440113900307123", "440**********23"},
        {"6222021234567894", "6222********7894"},
        {"6222 0212 3456 7894", "6222 **** **** 7894"},
        {"6228480402564890018", "6228***********0018"},
        {"wang.wei@example.com", "w***@example.com"},
        {"邮箱a@b.cn。", "邮箱*@b.cn。"},
        {"13812341234@qq.com", "1***@qq.com"},
};

static const struct mask_case names[] = {
        {"我叫王伟", "我叫王*"},
        {"我叫欧阳修文，住三楼", "我叫欧阳**，住三楼"},
        {"我叫于刚", "我叫于*"},
        {"姓名：张三丰", "姓名：张**"},
        {"姓名:张三 电话:13812341234", "姓名:张* 电话:138****1234"},
        {"姓名：买买提·阿不都", "姓名：买******"},
        {"姓名：那日松", "姓名：那**"},
        {"联系人李娜13812341234", "联系人李*138****1234"},
        {"联系人：李小娜，路灯坏了", "联系人：李**，路灯坏了"},
        {"联系人是陈国强", "联系人是陈**"},
        {"户主刘洋住在三楼", "户主刘*住在三楼"},
        {"本人张三，要求处理", "本人张*，要求处理"},
        {"我是李建国，路灯不亮", "我是李**，路灯不亮"},
        {"王小明先生来电", "王**先生来电"},
        {"刘芳女士反映噪音", "刘*女士反映噪音"},
        {"欧阳明先生", "欧阳*先生"},
        {"车主：周杰", "车主：周*"},
};

static const struct mask_case kept[] = {
        {"", NULL},
        {"路灯不亮", NULL},
        {"王先生和李女士来电", NULL},
        {"请欧阳先生回电", NULL},
        {"拨打12345、110、96715都不行", NULL},
        {"2026-11-23 13:00", NULL},
        {"2026年11月23日", NULL},
        {"20261123", NULL},
        {"电话2026-11-23打不通", NULL},
        {"电话打不通，2018 2019 年都这样", NULL},
        {"欠薪12345678901元", NULL},
        {"欠薪13800000000元", NULL},
        {"￥13800138000", NULL},
        {"13800000000.50", NULL},
        {"121.13812345678", NULL},
        {"113.351234,22.941234", NULL},
        {"中山路138号1234室", NULL},
        {"138号 12栋 3401房", NULL},
        {"粤A12345", NULL},
        {"LA-20261123-0000001-7", NULL},
        {"LA-20261123-0000001-4", NULL}, /* its digits make Luhn's sum */
        {"案件LA-20261123-0000013-4还没办", NULL},
        {"单号440113202611230001", NULL}, /* region and day, but no ID's check digit */
        {"6222021234567895", NULL},       /* not Luhn's sum */
        {"12812341234", NULL},            /* no mobile begins so */
        {"138123412345", NULL},
        {"1381234123", NULL},
        {"83123456", NULL}, /* any number, without a word */
        {"0000-1234567", NULL},
        {"路灯编号133 2026-11-23", NULL},
        {"@example.com", NULL},
        {"a@b", NULL},
        {"本人住在三楼", NULL},
        {"本人于昨日报过", NULL},
        {"我是业主", NULL},
        {"我是江西人", NULL},
        {"我叫保安来", NULL},
        {"我叫他们来", NULL},
        {"联系人电话打不通", NULL},
        {"姓名：不详", NULL},
        {"姓名：匿名", NULL},
        {"当事人常在此处", NULL},
        {"周边的女士", NULL},
        {"业主方便时", NULL},
        {"一二三四五六七八九", NULL},
};

static void masked_check(const char *text, const char *expected)
{
    BUF_OWNED once = {0};
    BUF_OWNED twice = {0};
    size_t size = strlen(text);
    text_mask(text, size, &once);
    const char *got = once.size ? once.data : "";
    if (expected)
        assert_string_equal(got, expected);
    assert_true(text_valid(got, once.size));
    assert_true(once.size <= size);
    assert_true(text_length(got, once.size) <= text_length(text, size));
    text_mask(got, once.size, &twice);
    assert_string_equal(twice.size ? twice.data : "", got);
}

static void cases_check(const struct mask_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        masked_check(cases[i].text, cases[i].masked ? cases[i].masked : cases[i].text);
}

static void numbers_of_persons_are_masked(void **state)
{
    (void)state;
    cases_check(numbers, COUNT_OF(numbers));
}

static void names_behind_a_cue_or_before_a_title_are_masked(void **state)
{
    (void)state;
    cases_check(names, COUNT_OF(names));
}

static void what_names_nobody_stays(void **state)
{
    (void)state;
    cases_check(kept, COUNT_OF(kept));
}

/* Pieces of all the texts, stuck together anyhow: what is masked need not be right, but whole. */
static void any_text_stays_valid_and_gets_no_longer(void **state)
{
    (void)state;
    static const char *const glue[] = {"", " ", "-", "，", "*", "1", "：", "@", "X", "先生"};
    struct rng rng;
    rng_seed(&rng, 20261123);
    for (int round = 0; round < NOISE_ROUNDS; round++) {
        BUF_OWNED text = {0};
        uint64_t pieces = 1 + rng_below(&rng, NOISE_PIECES_MAX);
        for (uint64_t i = 0; i < pieces; i++) {
            const struct mask_case *from = i % 2 ? names : numbers;
            size_t count = i % 2 ? COUNT_OF(names) : COUNT_OF(numbers);
            buf_add_text(&text, from[rng_below(&rng, count)].text);
            buf_add_text(&text, glue[rng_below(&rng, COUNT_OF(glue))]);
        }
        BUF_OWNED masked = {0};
        text_mask(text.data, text.size, &masked);
        assert_true(text_valid(masked.data, masked.size));
        assert_true(masked.size <= text.size);
        assert_true(text_length(masked.data, masked.size) <= text_length(text.data, text.size));
    }
}

/* A text that ends within a number, a name or a character is not read behind its end. */
static void a_cut_text_is_not_read_behind_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        for (size_t size = 0; size <= strlen(numbers[i].text); size++) {
            BUF_OWNED out = {0};
            char *exact = must_memory(malloc(size + !size));
            memcpy(exact, numbers[i].text, size);
            text_mask(exact, size, &out);
            assert_true(out.size <= size);
            free(exact);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(numbers_of_persons_are_masked),
            cmocka_unit_test(names_behind_a_cue_or_before_a_title_are_masked),
            cmocka_unit_test(what_names_nobody_stays),
            cmocka_unit_test(any_text_stays_valid_and_gets_no_longer),
            cmocka_unit_test(a_cut_text_is_not_read_behind_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
