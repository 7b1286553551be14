"""The letters that the house writes by itself: kind → language → subject and text."""

from complaints.states_letter import LetterKind

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    LetterKind.NOT_REACHED: {
        "en": (
            "We could not reach you",
            "Dear {customer},\n\nwe have tried several times to reach you by telephone to ask whether you are satisfied"
            " with our work ({summary}). Please call us if anything is still open; we are glad to help.\n\n"
            "With kind regards\n{company}",
        ),
        "zh-hans": (
            "回访未能联系到您",
            "{customer}：\n\n您好！就“{summary}”的服务，我们曾多次致电回访，未能联系到您。如您还有任何问题或建议，"
            "欢迎随时与我们联系，我们将尽快为您处理。\n\n此致\n敬礼\n\n{company}",
        ),
        "zh-hant": (
            "回訪未能聯絡到您",
            "{customer}您好：\n\n關於「{summary}」的服務，我們曾多次致電回訪，未能聯絡到您。若您還有任何問題或建議，"
            "歡迎隨時與我們聯絡，我們將儘快為您處理。\n\n敬祝　順心\n\n{company}",
        ),
    },
    LetterKind.MAINTENANCE: {
        "en": (
            "Your next maintenance",
            "Dear {customer},\n\nthe next maintenance of your product is due on {date}. Please call us to agree on a"
            " time that suits you.\n\nWith kind regards\n{company}",
        ),
        "zh-hans": (
            "保养提醒",
            "{customer}：\n\n您好！您的产品下次保养日期为{date}。请来电与我们约定方便的时间。\n\n此致\n敬礼\n\n{company}",
        ),
        "zh-hant": (
            "保養提醒",
            "{customer}您好：\n\n您的產品下次保養日期為{date}。請來電與我們約定方便的時間。\n\n敬祝　順心\n\n{company}",
        ),
    },
    LetterKind.CAMPAIGN: {
        "en": ("{name}", "Dear {customer},\n\n{text}\n\n{date}\n\nWith kind regards\n{company}"),
        "zh-hans": ("{name}", "{customer}：\n\n您好！\n\n{text}\n\n日期：{date}\n\n此致\n敬礼\n\n{company}"),
        "zh-hant": ("{name}", "{customer}您好：\n\n{text}\n\n日期：{date}\n\n敬祝　順心\n\n{company}"),
    },
}
