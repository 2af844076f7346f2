"""The prompts that official code sends to judges, character by character: facts that a comparable grade depends on.

MM_VET: yuweihao/MM-Vet acde843 `mm-vet_evaluator.py` (Apache-2.0); MM_VET_LMMS_EVAL: EvolvingLMMs-Lab/lmms-eval 75571cf
`lmms_eval/tasks/mmvet/utils.py`; MM_VET_VLMEVALKIT: open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/mmvet.py`
(Apache-2.0). LLAVA_BENCH: haotian-liu/LLaVA c121f04
`llava/eval/table/rule.json` (Apache-2.0), the same for its three kinds of question. MATHVISTA: lupantech/MathVista
53d5258 `evaluation/prompts/ext_ans.py` (CC BY-SA 4.0), from the copy in OpenGVLab/InternVL 2410d1d (MIT). MATCHING and
MATCHING_IN_CHINESE: open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/multiple_choice.py` (Apache-2.0), with
places for question, options and answer.
"""

_MM_VET_RULES = (
    "Compare the ground truth and prediction from AI models, to give a correctness score for the prediction. "
    "<AND> in the ground truth means it is totally right only when all elements in the ground truth are "
    "present in the prediction, and <OR> means it is totally right when any one element in the ground truth is "
    "present in the prediction. The correctness score is 0.0 (totally wrong), 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, "
    "0.7, 0.8, 0.9, or 1.0 (totally right). Just complete the last space of the correctness score.\n"
)
_MM_VET_EXAMPLES = (
    "--- | --- | --- | ---\n"
    "What is x in the equation? | -1 <AND> -5 | x = 3 | 0.0\n"
    "What is x in the equation? | -1 <AND> -5 | x = -1 | 0.5\n"
    "What is x in the equation? | -1 <AND> -5 | x = -5 | 0.5\n"
    "What is x in the equation? | -1 <AND> -5 | x = -5 or 5 | 0.5\n"
    "What is x in the equation? | -1 <AND> -5 | x = -1 or x = -5 | 1.0\n"
    "Can you explain this meme? | This meme is poking fun at the fact that the names of the countries Iceland "
    "and Greenland are misleading. Despite its name, Iceland is known for its beautiful green landscapes, "
    "while Greenland is mostly covered in ice and snow. The meme is saying that the person has trust issues "
    "because the names of these countries do not accurately represent their landscapes. | The meme talks about "
    "Iceland and Greenland. It's pointing out that despite their names, Iceland is not very icy and Greenland "
    "isn't very green. | 0.4\n"
    "Can you explain this meme? | This meme is poking fun at the fact that the names of the countries Iceland "
    "and Greenland are misleading. Despite its name, Iceland is known for its beautiful green landscapes, "
    "while Greenland is mostly covered in ice and snow. The meme is saying that the person has trust issues "
    "because the names of these countries do not accurately represent their landscapes. | The meme is using "
    "humor to point out the misleading nature of Iceland's and Greenland's names. Iceland, despite its name, "
    "has lush green landscapes while Greenland is mostly covered in ice and snow. The text 'This is why I have "
    "trust issues' is a playful way to suggest that these contradictions can lead to distrust or confusion. "
    "The humor in this meme is derived from the unexpected contrast between the names of the countries and "
    "their actual physical characteristics. | 1.0\n"
)

MM_VET = _MM_VET_RULES + "\nQuestion | Ground truth | Prediction | Correctness\n" + _MM_VET_EXAMPLES
MM_VET_LMMS_EVAL = _MM_VET_RULES + "gpt_query_prompt | Ground truth | Prediction | Correctness\n" + _MM_VET_EXAMPLES

MM_VET_VLMEVALKIT = (
    "\n"
    "Compare the ground truth and prediction from AI models, to give a correctness score for the prediction.\n"
    "<AND> in the ground truth means it is totally right\n"
    "only when all elements in the ground truth are present in the prediction,\n"
    "and <OR> means it is totally right when any one element in the ground truth is present in the prediction.\n"
    "The correctness score is 0.0 (totally wrong), 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, or 1.0 (totally "
    "right).\n"
    "Just complete the last space of the correctness score.\n"
    "\n"
    "Question | Ground truth | Prediction | Correctness\n"
    "--- | --- | --- | ---\n"
    "What is x in the equation? | -1 <AND> -5 | x = 3 | 0.0\n"
    "What is x in the equation? | -1 <AND> -5 | x = -1 | 0.5\n"
    "What is x in the equation? | -1 <AND> -5 | x = -5 | 0.5\n"
    "What is x in the equation? | -1 <AND> -5 | x = -5 or 5 | 0.5\n"
    "What is x in the equation? | -1 <AND> -5 | x = -1 or x = -5 | 1.0\n"
    "Can you explain this meme? | This meme is poking fun at the fact that the names of the countries\n"
    "Iceland and Greenland are misleading. Despite its name, Iceland is known for its beautiful green landscapes,\n"
    "while Greenland is mostly covered in ice and snow. The meme is saying that the person has trust issues\n"
    "because the names of these countries do not accurately represent their landscapes. |\n"
    "The meme talks about Iceland and Greenland. It's pointing out that despite their names,\n"
    "Iceland is not very icy and Greenland isn't very green. | 0.4\n"
    "Can you explain this meme? | This meme is poking fun at the fact that the names of the countries\n"
    "Iceland and Greenland are misleading. Despite its name, Iceland is known for its beautiful green landscapes,\n"
    "while Greenland is mostly covered in ice and snow. The meme is saying that the person has trust issues\n"
    "because the names of these countries do not accurately represent their landscapes. |\n"
    "The meme is using humor to point out the misleading nature of Iceland's and Greenland's names.\n"
    "Iceland, despite its name, has lush green landscapes while Greenland is mostly covered in ice and snow.\n"
    "The text 'This is why I have trust issues' is a playful way to suggest\n"
    "that these contradictions can lead to distrust or confusion.\n"
    "The humor in this meme is derived from the unexpected contrast between the names of the countries\n"
    "and their actual physical characteristics. | 1.0\n"
)

MM_VET_AGAIN = "\nPredict the correctness of the answer (digit): "  # after an answer that is no grade

LLAVA_BENCH_SYSTEM = "You are a helpful and precise assistant for checking the quality of the answer."

LLAVA_BENCH = (
    "We would like to request your feedback on the performance of two AI assistants in response to the user "
    "question displayed above. The user asks the question on observing an image. For your reference, the "
    "visual content in the image is represented with a few sentences describing the image. \n"
    "Please rate the helpfulness, relevance, accuracy, level of details of their responses. Each assistant "
    "receives an overall score on a scale of 1 to 10, where a higher score indicates better overall "
    "performance.\n"
    "Please first output a single line containing only two values indicating the scores for Assistant 1 and 2, "
    "respectively. The two scores are separated by a space.\n"
    "In the subsequent line, please provide a comprehensive explanation of your evaluation, avoiding any "
    "potential bias and ensuring that the order in which the responses were presented does not affect your "
    "judgment."
)

MATHVISTA = (
    "Please read the following example. Then extract the answer from the model response and type it at the end "
    "of the prompt.\n"
    "\n"
    "Hint: Please answer the question requiring an integer answer and provide the final value, e.g., 1, 2, 3, "
    "at the end.\n"
    "Question: Which number is missing?\n"
    "\n"
    "Model response: The number missing in the sequence is 14.\n"
    "\n"
    "Extracted answer: 14\n"
    "\n"
    "Hint: Please answer the question requiring a floating-point number with one decimal place and provide the "
    "final value, e.g., 1.2, 1.3, 1.4, at the end.\n"
    "Question: What is the fraction of females facing the camera?\n"
    "\n"
    "Model response: The fraction of females facing the camera is 0.6, which means that six out of ten females "
    "in the group are facing the camera.\n"
    "\n"
    "Extracted answer: 0.6\n"
    "\n"
    "Hint: Please answer the question requiring a floating-point number with two decimal places and provide "
    "the final value, e.g., 1.23, 1.34, 1.45, at the end.\n"
    "Question: How much money does Luca need to buy a sour apple candy and a butterscotch candy? (Unit: $)\n"
    "\n"
    "Model response: Luca needs $1.45 to buy a sour apple candy and a butterscotch candy.\n"
    "\n"
    "Extracted answer: 1.45\n"
    "\n"
    "Hint: Please answer the question requiring a Python list as an answer and provide the final list, e.g., "
    "[1, 2, 3], [1.2, 1.3, 1.4], at the end.\n"
    "Question: Between which two years does the line  graph saw its maximum peak?\n"
    "\n"
    "Model response: The line graph saw its maximum peak between 2007 and 2008.\n"
    "\n"
    "Extracted answer: [2007, 2008]\n"
    "\n"
    "Hint: Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end.\n"
    "Question: What fraction of the shape is blue?\n"
    "Choices:\n"
    "(A) 3/11\n"
    "(B) 8/11\n"
    "(C) 6/11\n"
    "(D) 3/5\n"
    "\n"
    "Model response: The correct answer is (B) 8/11.\n"
    "\n"
    "Extracted answer: B"
)

MATCHING = (
    "You are an AI assistant who will help me to match an answer with several options of a single-choice question. "
    "You are provided with a question, several options, and an answer, and you need to find which option is most "
    "similar to the answer. If the meaning of all options are significantly different from the answer, output Z. "
    "Your should output a single uppercase character in A, B, C, D (if they are valid options), and Z. \n"
    "Example 1: \n"
    "Question: What is the main object in image?\nOptions: A. teddy bear B. rabbit C. cat D. dog\n"
    "Answer: a cute teddy bear\nYour output: A\n"
    "Example 2: \n"
    "Question: What is the main object in image?\nOptions: A. teddy bear B. rabbit C. cat D. dog\n"
    "Answer: Spider\nYour output: Z\n"
    "Example 3: \n"
    "Question: {}?\nOptions: {}\nAnswer: {}\nYour output: "
)

MATCHING_IN_CHINESE = (
    "你是一个帮助我匹配答案与单选题中多个选项的 AI 助手。"
    "你会被提供：一个问题，多个选项，一个答案。你的任务是找到与答案意义最相近的选项。"
    "如果所有选项的意义都与答案显著不同，则输出 Z。"
    "你应该输出一个单个的大写字母，例如 A, B, C, D（如果它们是有效选项），或 Z。"
    "例 1:"
    "问题: 图中最主要的物体是什么?\n选项: A. 泰迪熊 B. 兔子 C. 猫 D. 狗\n答案: 一只可爱的泰迪熊\n输出: A\n"
    "例 2: \n"
    "问题: 图中最主要的物体是什么?\n选项: A. 泰迪熊 B. 兔子 C. 猫 D. 狗\n答案: 蜘蛛\n输出: Z\n"
    "例 3: \n"
    "问题: {}?\n选项: {}\n答案: {}\n输出: "
)
