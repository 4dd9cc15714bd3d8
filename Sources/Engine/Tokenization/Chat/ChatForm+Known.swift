/// The templates that are known, by the digest of what is significant in them. Each is in the fixtures,
/// under the name behind it, with what jinja2 makes of it.
extension ChatForm {
  static let known: [UInt64: ChatForm] = [
    0x91F2_3F71_1E68_DF08: chatML(defaultSystem: nil),  // chatml
    0xDBA6_A796_E8FD_9D80: chatML(defaultSystem: nil),  // qwen3
    0x33DD_DE6F_BB3A_9D0B: chatML(defaultSystem: qwenSystem),  // qwen2.5
    0x9A5A_118B_CD77_C789: llama2,  // llama-2
    0xBB45_24ED_7672_EE76: mistral(space: " "),  // mistral-7b-v0.1
    0xDD39_F833_422A_A4A9: mistral(space: ""),  // mistral-7b-v0.2
    0x9C64_702F_8D8B_F5B7: mistralV1,  // mistral-v1
    0x768D_C168_7F92_93A8: llama3,  // llama-3
    0x8FD3_DA21_9563_A238: llama3,  // llama-3-first
    0xDDC3_3833_192F_9857: gemma(beginsText: false, hasSystem: false),  // gemma-1
    0xD9AF_BF5B_D37C_8A7F: gemma(beginsText: true, hasSystem: false),  // gemma-2
    0x6F26_D8C3_6674_4563: gemma(beginsText: true, hasSystem: true),  // gemma-3
    0x20A5_F43E_CB3B_7AEF: phi3(beginsText: true, hasSystem: false),  // phi-3-mini
    0x0865_9030_17B2_14B7: phi3(beginsText: false, hasSystem: false),  // phi-3-medium
    0x1FCD_A133_2608_DC6B: phi3(beginsText: true, hasSystem: true),  // phi-3-small
    0x8BB9_C3C6_4FB6_E3B7: phi3(beginsText: false, hasSystem: true),  // phi-3-2024-07
    0x3B63_0793_9C27_29E4: phi3(beginsText: false, hasSystem: true),  // phi-3.5
    0x32F6_BBD1_0501_3119: tulu(beginsText: false),  // tulu-3
    0xF130_8DB0_F9B3_BD01: tulu(beginsText: true),  // olmo-2
    0x82A9_3FA8_8D8F_B642: deepseekLLM,  // deepseek-llm
    0xF441_D282_2409_ED6B: deepseekCoder,  // deepseek-coder
  ]

  private static let qwenSystem =
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

  /// The system message, if there is one, is the beginning of the first content.
  private static let llama2 = ChatForm(
    beginsText: true, trimsContents: true,
    system: Around(before: "[INST] <<SYS>>\n", after: "\n<</SYS>>\n\n"), opening: "[INST] ",
    closing: " [/INST]", answerOpening: " ", turnEnd: " \u{3}", nextOpening: "\u{2}[INST] ")

  private static func mistral(space: String) -> ChatForm {
    ChatForm(
      beginsText: true, opening: "[INST] ", closing: " [/INST]", turnEnd: "\u{3}" + space,
      nextOpening: "[INST] ")
  }

  private static let mistralV1 = ChatForm(
    beginsText: true, system: Around(before: " [INST] ", after: "\n\n"), opening: " [INST] ",
    closing: " [/INST]", answerOpening: " ", turnEnd: "\u{3}", nextOpening: " [INST] ")

  private static let llama3: ChatForm = {
    func header(_ role: String) -> String { "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
    return ChatForm(
      beginsText: true, trimsContents: true,
      system: Around(before: header("system"), after: "<|eot_id|>" + header("user")),
      opening: header("user"), closing: "<|eot_id|>" + header("assistant"), turnEnd: "<|eot_id|>",
      nextOpening: header("user"),
      marks: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
  }()

  private static func gemma(beginsText: Bool, hasSystem: Bool) -> ChatForm {
    let user = "<start_of_turn>user\n"
    return ChatForm(
      beginsText: beginsText, trimsContents: true,
      system: hasSystem ? Around(before: user, after: "\n\n") : nil, opening: user,
      closing: "<end_of_turn>\n<start_of_turn>model\n", turnEnd: "<end_of_turn>\n",
      nextOpening: user, marks: ["<start_of_turn>", "<end_of_turn>"])
  }

  private static func phi3(beginsText: Bool, hasSystem: Bool) -> ChatForm {
    let user = "<|user|>\n"
    return ChatForm(
      beginsText: beginsText,
      system: hasSystem ? Around(before: "<|system|>\n", after: "<|end|>\n" + user) : nil,
      opening: user, closing: "<|end|>\n<|assistant|>\n", turnEnd: "<|end|>\n",
      nextOpening: user, marks: ["<|user|>", "<|assistant|>", "<|end|>"])
  }

  private static func tulu(beginsText: Bool) -> ChatForm {
    let user = "<|user|>\n"
    return ChatForm(
      beginsText: beginsText, system: Around(before: "<|system|>\n", after: "\n" + user),
      opening: user, closing: "\n<|assistant|>\n", turnEnd: "\u{3}\n", nextOpening: user)
  }

  private static let deepseekLLM = ChatForm(
    beginsText: true, system: Around(before: "", after: "\n\nUser: "), opening: "User: ",
    closing: "\n\nAssistant:", answerOpening: " ", turnEnd: "\u{3}", nextOpening: "User: ")

  private static let deepseekCoder: ChatForm = {
    let user = "### Instruction:\n"
    let system =
      "You are an AI programming assistant, utilizing the Deepseek Coder model, developed by Deepseek "
      + "Company, and you only answer questions related to computer science. For politically sensitive "
      + "questions, security and privacy issues, and other non-computer science questions, you will "
      + "refuse to answer\n"
    return ChatForm(
      beginsText: true, system: Around(before: "", after: user), opening: system + user,
      closing: "\n### Response:\n", turnEnd: "\n<|EOT|>\n", nextOpening: user,
      marks: ["<|EOT|>"])
  }()
}
