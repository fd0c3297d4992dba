/* Names of people, by the words around them: what follows 我叫 or 联系人：, and what a title like 先生
 * follows. A name is a surname of the table and one or two characters more; behind a colon also
 * what else is as long as a name. The surname stays. Where a surname is an ordinary word as well
 * (于, 时, 常), only a cue that leaves no doubt makes it a name. */
#include <stdbool.h>
#include <string.h>
#include "services/kernel/base/pure_mask.h"

#define CHAR 3 /* bytes of a Chinese character */
#define NAME_MAX_CHARS 4
#define LINKS_MAX 3

/* The commonest of the surname report of the Ministry of Public Security, with some rarer ones. */
static const char surnames[] =
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏"
        "苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵"
        "万覃武钱戴严莫孔向常汤康易乔赖文温樊柳洪梅骆季耿欧关倪苗聂舒齐葛俞兰阮童詹施翁岳纪盛符鲁"
        "游伍凌卓涂申殷裴甘瞿霍屈辛霞翟柯冉包祝耿鲍应单时连华左佘喻谷柴焦简庞闵祁解隋"
        "麦冼邝冷尚宁项卞娄窦晏桂";

static const char doubtful[] = "于向时常方应单连关万解尚简冷包文易高白成安";

static const char *const compounds[] = {"欧阳", "司徒", "上官", "诸葛", "司马", "夏侯", "皇甫",
        "尉迟", "公孙", "慕容", "令狐", "东方", "端木", "独孤", NULL};

static const char *const titles[] = {"先生", "女士", "小姐", "同志", "阿姨", "老师", NULL};

static const char *const links[] = {"：", ":", "是", "为", "叫", " ", "　", "\"", "“", NULL};

/* What a name does not go on with, and what is not its second character. */
static const char after_name[] =
        "住在的是说电手身联和与及等有称报反要请想已将被从向对给到因先女同号性年来去家系现";
static const char no_given[] = "的了是在说们个位和与及等被就都很这那他她你我不上也";

/* 我是江西人 and 本人店主 say what somebody is, not who. */
static const char kinds[] = "人店家员工主户民镇村街者";

/* Who is asked for by name and is not named. */
static const char *const nobody[] = {"不详", "不明", "未知", "匿名", "保密", "没有", "无名", NULL};

enum strength {
    CUE_SURE,  /* a name follows */
    CUE_NAME,  /* … mostly */
    CUE_COLON, /* only behind a colon */
    CUE_WEAK   /* a name follows only if something ends it */
};

static const struct {
    const char *text;
    enum strength strength;
} cues[] = {{"我叫", CUE_SURE}, {"名叫", CUE_SURE}, {"姓名", CUE_NAME}, {"名字", CUE_NAME},
        {"联系人", CUE_NAME}, {"来电人", CUE_NAME}, {"投诉人", CUE_NAME}, {"举报人", CUE_NAME},
        {"反映人", CUE_NAME}, {"上报人", CUE_NAME}, {"当事人", CUE_NAME}, {"申请人", CUE_NAME},
        {"收件人", CUE_NAME}, {"户主", CUE_NAME}, {"房主", CUE_NAME}, {"户名", CUE_NAME},
        {"患者", CUE_COLON}, {"业主", CUE_COLON}, {"机主", CUE_COLON}, {"车主", CUE_COLON},
        {"住户", CUE_COLON}, {"本人", CUE_WEAK}, {"我是", CUE_WEAK}};

/* Byte by byte: it is asked dozens of times for each character, and mostly ends with the first. */
static bool begins(const char *text, size_t size, size_t at, const char *with)
{
    for (; *with; with++, at++)
        if (at >= size || text[at] != *with)
            return false;
    return true;
}

static bool any_begins(const char *text, size_t size, size_t at, const char *const *list)
{
    while (*list && !begins(text, size, at, *list))
        list++;
    return *list != NULL;
}

/* Chinese characters from `at`, no more than `most`. */
static size_t chars_count(const char *text, size_t size, size_t at, size_t most)
{
    size_t count = 0;
    for (; count < most && at + CHAR <= size; count++, at += CHAR) {
        unsigned char lead = (unsigned char)text[at];
        if (lead < 0xe4 || lead > 0xe9)
            break;
    }
    return count;
}

/* True when the character at `at` is one of `set`, which has only such of three bytes. */
static bool char_in(const char *text, size_t at, const char *set)
{
    char needle[CHAR + 1] = {text[at], text[at + 1], text[at + 2], 0};
    return strstr(set, needle) != NULL;
}

/* Characters of the surname at `at`, which has `count` Chinese characters; 0 = none. */
static size_t surname_chars(const char *text, size_t size, size_t at, size_t count, bool sure)
{
    if (count < 1)
        return 0;
    if (count >= 2 && any_begins(text, size, at, compounds))
        return 2;
    return char_in(text, at, surnames) && (sure || !char_in(text, at, doubtful));
}

/* Characters of the given name behind the surname, 0 to 2. */
static size_t given_chars(const char *text, size_t size, size_t at)
{
    size_t count = chars_count(text, size, at, 2);
    if (count == 0 || char_in(text, at, no_given))
        return 0;
    if (count == 2 && char_in(text, at + CHAR, after_name))
        return 1;
    return count;
}

static struct mask_span name_make(size_t skipped, size_t surname, size_t given)
{
    size_t from = skipped + surname * CHAR;
    return (struct mask_span){from + given * CHAR, from, from + given * CHAR};
}

/* 王伟先生: the title says so. Of 王先生 nothing needs to be masked. */
static struct mask_span titled_find(const char *text, size_t size, size_t at)
{
    const struct mask_span none = {0, 0, 0};
    size_t count = chars_count(text, size, at, 6);
    for (size_t name = 2; name + 2 <= count && name <= NAME_MAX_CHARS; name++) {
        if (!any_begins(text, size, at + name * CHAR, titles))
            continue;
        size_t surname = surname_chars(text, size, at, count, true);
        if (surname == 0 || name > surname + 2)
            return none;
        for (size_t i = surname; i < name; i++)
            if (char_in(text, at + i * CHAR, no_given))
                return none;
        return name_make(0, surname, name - surname);
    }
    return none;
}

/* 买买提·阿不都 and other names without a surname of the table, as long as nothing else follows. */
static struct mask_span listed_find(const char *text, size_t size, size_t at, size_t skipped)
{
    const struct mask_span none = {0, 0, 0};
    size_t count = chars_count(text, size, at, 16);
    size_t end = at + count * CHAR;
    bool dotted = begins(text, size, end, "·");
    if (dotted)
        end += strlen("·") + chars_count(text, size, end + strlen("·"), 16) * CHAR;
    if (count < 2 || (count > NAME_MAX_CHARS && !dotted) || any_begins(text, size, at, nobody))
        return none;
    return (struct mask_span){skipped + end - at, skipped + CHAR, skipped + end - at};
}

/* What stands at `at`, behind a cue and its links. */
static struct mask_span cued_find(
        const char *text, size_t size, size_t at, size_t skipped, enum strength strength, bool link)
{
    const struct mask_span none = {0, 0, 0};
    size_t count = chars_count(text, size, at, NAME_MAX_CHARS + 1);
    bool sure = strength == CUE_SURE || (link && strength != CUE_WEAK);
    size_t surname = surname_chars(text, size, at, count, sure);
    size_t given = surname ? given_chars(text, size, at + surname * CHAR) : 0;
    bool dotted = count && begins(text, size, at + count * CHAR, "·");
    if (begins(text, size, at + count * CHAR, "*")) /* masked before */
        return none;
    if (link && strength != CUE_WEAK && (!given || dotted))
        return listed_find(text, size, at, skipped);
    if (!given || (strength == CUE_COLON && !link))
        return none;
    size_t name = surname + given;
    bool ended = (count == name || char_in(text, at + name * CHAR, after_name)) &&
                 !char_in(text, at + (name - 1) * CHAR, kinds);
    return strength == CUE_WEAK && !ended ? none : name_make(skipped, surname, given);
}

static struct mask_span cue_find(const char *text, size_t size, size_t at)
{
    const struct mask_span none = {0, 0, 0};
    size_t i = 0;
    while (i < sizeof cues / sizeof *cues && !begins(text, size, at, cues[i].text))
        i++;
    if (i == sizeof cues / sizeof *cues)
        return none;
    size_t from = at + strlen(cues[i].text);
    bool linked = false;
    for (size_t count = 0; count < LINKS_MAX; count++) {
        const char *const *link = links;
        while (*link && !begins(text, size, from, *link))
            link++;
        if (!*link)
            break;
        linked = linked || **link == ':' || strcmp(*link, "：") == 0;
        from += strlen(*link);
    }
    return cued_find(text, size, from, from - at, cues[i].strength, linked);
}

struct mask_span mask_name_find(const char *text, size_t size, size_t at)
{
    struct mask_span span = cue_find(text, size, at);
    return span.size ? span : titled_find(text, size, at);
}
