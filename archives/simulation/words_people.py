"""What people are called and where they live, in three languages: (简体, 繁體, English)."""

from __future__ import annotations

from random import Random

from archives.simulation.words import ENGLISH, Text

# Names: family names and given names, 简 and 繁 side by side; English ones for Hong Kong.
FAMILY = [
    *(
        "王王",
        "李李",
        "张張",
        "刘劉",
        "陈陳",
        "杨楊",
        "黄黃",
        "赵趙",
        "吴吳",
        "周周",
        "徐徐",
        "孙孫",
        "马馬",
        "朱朱",
        "胡胡",
    ),
    *(
        "林林",
        "郭郭",
        "何何",
        "高高",
        "罗羅",
        "郑鄭",
        "梁梁",
        "谢謝",
        "宋宋",
        "唐唐",
        "许許",
        "邓鄧",
        "冯馮",
        "韩韓",
        "曹曹",
    ),
    *(
        "曾曾",
        "彭彭",
        "萧蕭",
        "蔡蔡",
        "潘潘",
        "田田",
        "董董",
        "袁袁",
        "余余",
        "叶葉",
        "蒋蔣",
        "杜杜",
        "苏蘇",
        "魏魏",
        "程程",
    ),
]
GIVEN: list[tuple[str, str]] = [
    *(
        ("秀英", "秀英"),
        ("建国", "建國"),
        ("志强", "志強"),
        ("丽华", "麗華"),
        ("晓明", "曉明"),
        ("雅婷", "雅婷"),
        ("家豪", "家豪"),
    ),
    *(
        ("淑芬", "淑芬"),
        ("俊杰", "俊傑"),
        ("美玲", "美玲"),
        ("文博", "文博"),
        ("子涵", "子涵"),
        ("宇轩", "宇軒"),
        ("诗涵", "詩涵"),
    ),
    *(
        ("国栋", "國棟"),
        ("海燕", "海燕"),
        ("桂兰", "桂蘭"),
        ("怡君", "怡君"),
        ("冠宇", "冠宇"),
        ("欣怡", "欣怡"),
        ("志伟", "志偉"),
    ),
    *(
        ("伟", "偉"),
        ("芳", "芳"),
        ("敏", "敏"),
        ("静", "靜"),
        ("磊", "磊"),
        ("洋", "洋"),
        ("勇", "勇"),
        ("艳", "艷"),
        ("娟", "娟"),
    ),
    *(
        ("咏诗", "詠詩"),
        ("嘉欣", "嘉欣"),
        ("浩然", "浩然"),
        ("梓轩", "梓軒"),
        ("明辉", "明輝"),
        ("玉珍", "玉珍"),
        ("春梅", "春梅"),
    ),
]
ENGLISH_FAMILY = ["Chan", "Wong", "Lee", "Cheung", "Lam", "Ng", "Leung", "Ho", "Smith", "Taylor", "Kapoor", "Brown"]
ENGLISH_GIVEN = ["Emily", "Jason", "Karen", "Peter", "Grace", "Michael", "Vivian", "Ryan", "Priya", "Thomas", "Wendy"]
ORGANISATIONS: list[Text] = [
    ("华东理化检测有限公司", "華東理化檢測有限公司", "East China Testing Ltd"),
    ("明德中学实验室", "明德中學實驗室", "Mingde School Laboratory"),
    ("顺达物流车队", "順達物流車隊", "Shunda Logistics Fleet"),
    ("蓝海连锁酒店", "藍海連鎖酒店", "Blue Bay Hotels"),
    ("康宁社区卫生服务中心", "康寧社區衛生服務中心", "Corning Community Clinic"),
    ("精工测绘院", "精工測繪院", "Precision Survey Institute"),
    ("永和豆浆店", "永和豆漿店", "Yonghe Soy Milk Shop"),
    ("天一建筑设计事务所", "天一建築設計事務所", "Tianyi Architects"),
]

# Streets by region code; a number, a building and a flat are added.
STREETS: dict[str, list[Text]] = {
    "cn-shanghai": [
        ("浦东新区张杨路", "浦東新區張楊路", "Zhangyang Road, Pudong"),
        ("徐汇区漕溪北路", "徐匯區漕溪北路", "North Caoxi Road, Xuhui"),
        ("静安区南京西路", "靜安區南京西路", "West Nanjing Road, Jing’an"),
        ("杨浦区国定路", "楊浦區國定路", "Guoding Road, Yangpu"),
        ("闵行区七莘路", "閔行區七莘路", "Qixin Road, Minhang"),
        ("长宁区仙霞路", "長寧區仙霞路", "Xianxia Road, Changning"),
    ],
    "cn-beijing": [
        ("朝阳区建国路", "朝陽區建國路", "Jianguo Road, Chaoyang"),
        ("海淀区中关村南大街", "海淀區中關村南大街", "South Zhongguancun Street, Haidian"),
        ("丰台区方庄路", "豐台區方莊路", "Fangzhuang Road, Fengtai"),
        ("通州区新华大街", "通州區新華大街", "Xinhua Street, Tongzhou"),
    ],
    "cn-guangzhou": [
        ("天河区体育西路", "天河區體育西路", "West Tiyu Road, Tianhe"),
        ("越秀区东风中路", "越秀區東風中路", "Middle Dongfeng Road, Yuexiu"),
        ("番禺区大石街", "番禺區大石街", "Dashi Street, Panyu"),
        ("海珠区江南大道中", "海珠區江南大道中", "Middle Jiangnan Avenue, Haizhu"),
    ],
    "tw-taipei": [
        ("大安区复兴南路一段", "大安區復興南路一段", "Sec. 1, Fuxing S. Rd., Da’an"),
        ("信义区松仁路", "信義區松仁路", "Songren Rd., Xinyi"),
        ("中山区民生东路二段", "中山區民生東路二段", "Sec. 2, Minsheng E. Rd., Zhongshan"),
        ("板桥区文化路一段", "板橋區文化路一段", "Sec. 1, Wenhua Rd., Banqiao"),
    ],
    "tw-kaohsiung": [
        ("左营区博爱二路", "左營區博愛二路", "Bo’ai 2nd Rd., Zuoying"),
        ("三民区建工路", "三民區建工路", "Jiangong Rd., Sanmin"),
        ("苓雅区中正二路", "苓雅區中正二路", "Zhongzheng 2nd Rd., Lingya"),
    ],
    "hk": [
        ("九龙旺角弥敦道", "九龍旺角彌敦道", "Nathan Road, Mong Kok"),
        ("香港湾仔轩尼诗道", "香港灣仔軒尼詩道", "Hennessy Road, Wan Chai"),
        ("新界沙田正街", "新界沙田正街", "Sha Tin Centre Street"),
        ("观塘开源道", "觀塘開源道", "Hoi Yuen Road, Kwun Tong"),
        ("新界荃湾青山公路", "新界荃灣青山公路", "Castle Peak Road, Tsuen Wan"),
    ],
}
CITY: dict[str, Text] = {
    "cn-shanghai": ("上海市", "上海市", "Shanghai"),
    "cn-beijing": ("北京市", "北京市", "Beijing"),
    "cn-guangzhou": ("广州市", "廣州市", "Guangzhou"),
    "tw-taipei": ("台北市", "臺北市", "Taipei"),
    "tw-kaohsiung": ("高雄市", "高雄市", "Kaohsiung"),
    "hk": ("香港", "香港", "Hong Kong"),
}
ACCESS: list[Text] = [
    ("工作日 9:00–17:00，中午休息", "平日 9:00–17:00，中午休息", "Weekdays 9–17, not at noon"),
    ("晚上七点以后在家", "晚上七點以後在家", "At home after 7 pm"),
    ("提前半小时电话联系", "到府前半小時請來電", "Call half an hour ahead"),
    ("需在门卫处登记", "需在管理處登記", "Register at the gate"),
]


def full_name(rng: Random, language: int) -> str:
    """Draw a name, written as the language writes it."""
    if language == ENGLISH:
        return f"{rng.choice(ENGLISH_GIVEN)} {rng.choice(ENGLISH_FAMILY)}"
    return rng.choice(FAMILY)[language] + rng.choice(GIVEN)[language]
