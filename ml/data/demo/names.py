"""Names of people in the scripts the brand's customers write in, each with its Latin spelling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Culture:
    """Name pools of (as written at home, in Latin letters); given names of women, then of men."""

    share: float
    women: tuple[tuple[str, str], ...]
    men: tuple[tuple[str, str], ...]
    families: tuple[tuple[str, str], ...]


def _same(names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((home, latin) for home, latin in (pair.split("=") for pair in text.split()))


def _joined(
    first: tuple[tuple[str, str], ...], second: tuple[tuple[str, str], ...], between: str = ""
) -> tuple[tuple[str, str], ...]:
    return tuple(
        (a + between + b, c + (between + d if between else d))
        for (a, c), (b, d) in product(first, second)
    )


ENGLISH = Culture(
    0.68,
    _same(
        "Elizabeth Margaret Catherine Susan Jennifer Rebecca Victoria Alexandra Abigail Samantha "
        "Olivia Amelia Isla Ava Emily Sophie Grace Chloe Lucy Hannah Jessica Charlotte Daisy "
        "Eleanor Florence Harriet Imogen Jasmine Keira Louise Megan Naomi Phoebe Rachel Sarah"
    ),
    _same(
        "William Robert Richard James Michael Thomas Christopher Benjamin Alexander Daniel "
        "Oliver Harry Jack George Noah Charlie Jacob Alfie Freddie Oscar Arthur Henry Leo Joseph "
        "Edward Samuel Matthew Andrew Nicholas Anthony Patrick Stephen Simon Peter Callum"
    ),
    _joined(
        _same(
            "Ash Black Brad Car Cran Dal East Fair Green Hart Hol Lang Mar Nor Oak Pem Rad Shel "
            "Stan Thorn Wake West Whit Wood Yard"
        ),
        _same("bury field ford ham ley man ridge son stone ton well worth wick"),
    ),
)
VIETNAMESE = Culture(
    0.09,
    _joined(
        _pairs("Thị=Thi Ngọc=Ngoc Thu=Thu Minh=Minh Khánh=Khanh"),
        _pairs("Lan=Lan Hương=Huong Trang=Trang Linh=Linh Thảo=Thao Yến=Yen Mai=Mai Hạnh=Hanh"),
        " ",
    ),
    _joined(
        _pairs("Văn=Van Đức=Duc Quang=Quang Minh=Minh Hữu=Huu"),
        _pairs("Dũng=Dung Hùng=Hung Nam=Nam Sơn=Son Tuấn=Tuan Phúc=Phuc Long=Long Đạt=Dat"),
        " ",
    ),
    _pairs(
        "Nguyễn=Nguyen Trần=Tran Lê=Le Phạm=Pham Hoàng=Hoang Phan=Phan Vũ=Vu Đặng=Dang Bùi=Bui "
        "Đỗ=Do Hồ=Ho Ngô=Ngo Dương=Duong Lý=Ly"
    ),
)
CHINESE = Culture(
    0.09,
    _joined(
        _pairs("美=Mei 丽=Li 静=Jing 雪=Xue 婷=Ting 晓=Xiao"),
        _pairs("华=hua 玲=ling 芳=fang 娜=na 燕=yan 云=yun 琳=lin"),
    ),
    _joined(
        _pairs("志=Zhi 建=Jian 伟=Wei 文=Wen 国=Guo 明=Ming"),
        _pairs("强=qiang 军=jun 杰=jie 龙=long 涛=tao 平=ping 辉=hui"),
    ),
    _pairs(
        "王=Wang 李=Li 张=Zhang 刘=Liu 陈=Chen 杨=Yang 黄=Huang 赵=Zhao 吴=Wu 周=Zhou 徐=Xu "
        "孙=Sun 马=Ma 朱=Zhu 胡=Hu 郭=Guo 林=Lin"
    ),
)
KOREAN = Culture(
    0.05,
    _joined(
        _pairs("지=Ji 수=Su 민=Min 서=Seo 하=Ha 은=Eun"),
        _pairs("영=yeong 연=yeon 희=hui 은=eun 아=a 윤=yun"),
    ),
    _joined(
        _pairs("준=Jun 현=Hyeon 성=Seong 동=Dong 태=Tae 재=Jae"),
        _pairs("호=ho 우=u 민=min 훈=hun 석=seok 진=jin"),
    ),
    _pairs(
        "김=Kim 이=Lee 박=Park 최=Choi 정=Jeong 강=Kang 조=Cho 윤=Yoon 장=Jang 임=Lim 한=Han "
        "오=Oh 신=Shin"
    ),
)
UKRAINIAN = Culture(
    0.09,
    _pairs(
        "Олена=Olena Наталія=Nataliia Ірина=Iryna Оксана=Oksana Тетяна=Tetiana Юлія=Yuliia "
        "Марія=Mariia Анна=Anna Софія=Sofiia Дарина=Daryna Катерина=Kateryna Надія=Nadiia"
    ),
    _pairs(
        "Андрій=Andrii Олександр=Oleksandr Сергій=Serhii Іван=Ivan Микола=Mykola "
        "Дмитро=Dmytro Юрій=Yurii Богдан=Bohdan Тарас=Taras Максим=Maksym Павло=Pavlo"
    ),
    _joined(
        _pairs(
            "Бондар=Bondar Коваль=Koval Мельни=Melny Петр=Petr Романю=Romaniu Савч=Savch "
            "Ткач=Tkach Шевч=Shevch Захар=Zakhar Кравч=Kravch Мороз=Moroz Левч=Levch"
        ),
        _pairs("енко=enko ук=uk ук-Лис=uk-Lys"),
    ),
)
CULTURES = (ENGLISH, VIETNAMESE, CHINESE, KOREAN, UKRAINIAN)

NICKNAMES = {
    "Elizabeth": "Liz",
    "Margaret": "Maggie",
    "Catherine": "Kate",
    "Susan": "Sue",
    "Jennifer": "Jenny",
    "Rebecca": "Becky",
    "Victoria": "Vicky",
    "Alexandra": "Alex",
    "Abigail": "Abby",
    "Samantha": "Sam",
    "Jessica": "Jess",
    "Charlotte": "Lottie",
    "Eleanor": "Ellie",
    "Florence": "Flo",
    "Harriet": "Hattie",
    "Megan": "Meg",
    "William": "Bill",
    "Robert": "Bob",
    "Richard": "Dick",
    "James": "Jim",
    "Michael": "Mike",
    "Thomas": "Tom",
    "Christopher": "Chris",
    "Benjamin": "Ben",
    "Alexander": "Alex",
    "Daniel": "Dan",
    "Edward": "Ted",
    "Samuel": "Sam",
    "Matthew": "Matt",
    "Andrew": "Andy",
    "Nicholas": "Nick",
    "Anthony": "Tony",
    "Patrick": "Paddy",
    "Stephen": "Steve",
    "Олена": "Лена",
    "Наталія": "Наталка",
    "Катерина": "Катя",
    "Марія": "Маруся",
    "Олександр": "Сашко",
    "Дмитро": "Діма",
    "Сергій": "Сергійко",
    "Olena": "Lena",
    "Oleksandr": "Sasha",
    "Dmytro": "Dima",
    "Kateryna": "Katia",
}

STREETS = (
    "High Street",
    "Station Road",
    "Church Lane",
    "Mill Lane",
    "Park Avenue",
    "Queens Road",
    "Victoria Street",
    "The Green",
    "Manor Road",
    "Kings Drive",
    "Chapel Hill",
    "Elm Grove",
    "Bridge Street",
    "Orchard Close",
    "Meadow View",
    "School Lane",
    "Windsor Terrace",
)
CITIES = (
    ("London", "SW"),
    ("Manchester", "M"),
    ("Birmingham", "B"),
    ("Leeds", "LS"),
    ("Glasgow", "G"),
    ("Bristol", "BS"),
    ("Sheffield", "S"),
    ("Edinburgh", "EH"),
    ("Cardiff", "CF"),
    ("Newcastle", "NE"),
    ("Oxford", "OX"),
    ("York", "YO"),
)
MAIL_HOSTS = ("inbox.example", "postbox.example", "mail.example", "letters.example")
"""Reserved names: nobody can receive what is sent to them."""
