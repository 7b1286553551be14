"""The scripts that a new house starts with: kind → language → greeting, questions (one a line), closing."""

from complaints.states_callback import CallbackKind

Texts = dict[str, dict[str, tuple[str, str, str]]]

TEXTS: Texts = {
    CallbackKind.FIRST: {
        "en": (
            "Hello, this is {company}. Am I speaking with {customer}? {technician} was with you on {date} about your"
            " {product}. May I ask you three short questions?",
            "Were our people friendly, from 1 to 5?\nHow good was the work, from 1 to 5?\nIs the problem solved?\n"
            "Is there anything that you would like to ask or tell us?",
            "Thank you for your time, {customer}. If anything comes up, please call us. Goodbye.",
        ),
        "zh-hans": (
            "您好，这里是{company}客服中心。请问是{customer}吗？{technician}师傅{date}为您的{product}上门服务，"
            "耽误您一分钟做个回访，可以吗？",
            "师傅的服务态度，1到5分您打几分？\n维修质量，1到5分您打几分？\n问题解决了吗？\n您还有什么问题或建议？",
            "感谢您的配合，{customer}。以后有任何问题，欢迎随时来电。祝您生活愉快，再见。",
        ),
        "zh-hant": (
            "您好，這裡是{company}客服中心。請問是{customer}嗎？{technician}師傅{date}到府服務您的{product}，"
            "耽誤您一分鐘做個回訪，方便嗎？",
            "師傅的服務態度，1到5分您給幾分？\n維修品質，1到5分您給幾分？\n問題解決了嗎？\n您還有什麼問題或建議？",
            "謝謝您的配合，{customer}。之後有任何問題，歡迎隨時來電。祝您順心，再見。",
        ),
    },
    CallbackKind.SECOND: {
        "en": (
            "Hello {customer}, this is {company} once more. We called you last week about your {product}; today I only"
            " want to make sure that it still works well.",
            "Has everything worked since then?\nHow satisfied are you with our work, from 1 to 5?\n"
            "Is there anything else that we can do?",
            "Thank you, {customer}. We are there when you need us. Goodbye.",
        ),
        "zh-hans": (
            "{customer}您好，这里是{company}客服中心。上次就您的{product}给您做过回访，今天再跟您确认一下使用情况。",
            "之后使用一切正常吗？\n对我们的服务，1到5分您打几分？\n还有什么需要我们帮忙的吗？",
            "谢谢您，{customer}。有需要请随时联系我们，再见。",
        ),
        "zh-hant": (
            "{customer}您好，這裡是{company}客服中心。上次為您的{product}做過回訪，今天再跟您確認一下使用狀況。",
            "之後使用都正常嗎？\n對我們的服務，1到5分您給幾分？\n還有什麼需要我們協助的嗎？",
            "謝謝您，{customer}。有需要請隨時與我們聯絡，再見。",
        ),
    },
    CallbackKind.COMPLAINT: {
        "en": (
            "Hello {customer}, this is {company}. You complained about your {product}, and I would like to hear"
            " whether it is settled for you.",
            "Was done what we agreed on?\nHow were you treated, from 1 to 5?\nIs the matter settled for you?",
            "Thank you for telling us, {customer}; it helps us to do better. Goodbye.",
        ),
        "zh-hans": (
            "{customer}您好，这里是{company}客服中心。您之前反映的{product}的问题，我来跟您确认处理结果是否满意。",
            "我们答应的处理都落实了吗？\n处理过程中的态度，1到5分您打几分？\n这件事对您来说算解决了吗？",
            "感谢您的反馈，{customer}，这对我们改进很有帮助。再见。",
        ),
        "zh-hant": (
            "{customer}您好，這裡是{company}客服中心。您之前反映的{product}問題，想跟您確認處理結果是否滿意。",
            "我們答應的處理都做到了嗎？\n處理過程的態度，1到5分您給幾分？\n這件事對您來說算解決了嗎？",
            "謝謝您的回饋，{customer}，對我們的改善很有幫助。再見。",
        ),
    },
    CallbackKind.PLAN: {
        "en": (
            "Hello {customer}, this is {company}. We installed your {product} on {date}, and ask from time to time how"
            " it works.",
            "Does everything work as it should?\nDo you know how to clean and care for it?\n"
            "How satisfied are you with our service, from 1 to 5?",
            "Thank you, {customer}. We call again as agreed; until then you reach us at any time. Goodbye.",
        ),
        "zh-hans": (
            "{customer}您好，这里是{company}客服中心。{date}为您安装的{product}，我们定期回访了解一下使用情况。",
            "机器使用都正常吗？\n日常清洗保养有没有不清楚的地方？\n对我们的服务，1到5分您打几分？",
            "谢谢您，{customer}。我们会按计划再与您联系，期间有问题请随时来电。再见。",
        ),
        "zh-hant": (
            "{customer}您好，這裡是{company}客服中心。{date}為您安裝的{product}，我們定期關心一下使用狀況。",
            "機器使用都正常嗎？\n平常清潔保養有沒有不清楚的地方？\n對我們的服務，1到5分您給幾分？",
            "謝謝您，{customer}。我們會依計畫再與您聯絡，這段期間有問題請隨時來電。再見。",
        ),
    },
    CallbackKind.SURVEY: {
        "en": (
            "Hello {customer}, this is {company}. You gave us low marks for the visit on {date}. I am sorry; may I ask"
            " what went wrong?",
            "What were you not satisfied with?\nIs the problem with your {product} solved?\n"
            "What can we do to put it right?",
            "Thank you for being frank, {customer}. I see to it and you hear from us. Goodbye.",
        ),
        "zh-hans": (
            "{customer}您好，这里是{company}客服中心。您对{date}的服务评价不高，非常抱歉，想听听您的意见。",
            "请问哪些地方让您不满意？\n{product}的问题解决了吗？\n您希望我们怎么处理？",
            "感谢您的直言，{customer}。我马上跟进，并给您答复。再见。",
        ),
        "zh-hant": (
            "{customer}您好，這裡是{company}客服中心。您對{date}的服務評分不高，非常抱歉，想聽聽您的意見。",
            "請問哪些地方讓您不滿意？\n{product}的問題解決了嗎？\n您希望我們怎麼處理？",
            "謝謝您直說，{customer}。我馬上追蹤，並給您回覆。再見。",
        ),
    },
}
