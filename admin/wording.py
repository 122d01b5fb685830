"""Every Vietnamese word an officer reads that does not stand in a template, by code.

Tests compare these tables with the codes they word: errors, reasons, statuses, actions, events,
notices. Page texts are in `templates/`; names of agencies, grounds, rules and topics are data.
"""

from __future__ import annotations

from collections.abc import Mapping

# Refusals by `IntakeError.code`, and those of the web server itself. {…} are the error's values.
PROBLEMS: Mapping[str, str] = {
    "intake-error": "Yêu cầu không thực hiện được.",
    "not-found": "Không tìm thấy, hoặc bạn không có quyền xem.",
    "bad-credentials": "Tên đăng nhập hoặc mật khẩu không đúng.",
    "second-factor-needed": "Tài khoản này cần thêm mã xác thực hai bước.",
    "wrong-code": "Mã không đúng, đã dùng hoặc đã hết hạn.",
    "version-conflict": "Đơn đã được người khác thay đổi. Hãy tải lại và kiểm tra trước khi ghi.",
    "not-allowed": "Bạn không có quyền thực hiện việc này: {reason}.",
    "wrong-status": "Không thể {action} khi đơn đang ở trạng thái “{status}”.",
    "law-refuses": "{label} (căn cứ: {citation}).",
    "items-missing": "Đơn còn thiếu: {items} (căn cứ: {citation}).",
    "invalid-input": "{field}: {reason}.",
    "plan-fault": "{field}, dòng {line}: {reason}.",
    "unknown-agency": "Không có cơ quan nào mang mã này tại ngày đang xét.",
    "too-many": "Bạn thử quá nhiều lần. Hãy chờ {retry_after} giây rồi thử lại.",
    "data-fault": "Tệp dữ liệu có lỗi: {file}, dòng {line}: {fault}.",
    "seal-broken": "Dữ liệu niêm phong không mở được. Hãy báo người quản trị.",
    "storage-away": "Cơ sở dữ liệu không trả lời. Chưa có gì bị thay đổi; hãy thử lại sau.",
    "setup-refused": "Cấu hình hệ thống chưa đúng. Hãy báo người quản trị.",
    "impossible-events": "Các ngày của đơn không khớp nhau nên không tính được thời hạn.",
    "unknown-rule": "Không có quy tắc thời hạn mang mã này.",
    "calendar-year-missing": "Chưa có lịch làm việc của năm cần tính. Hãy bổ sung lịch trước.",
    "report-blocked": "Chưa xuất được báo cáo để gửi: {reasons}.",
    "not-signed-in": "Bạn cần đăng nhập, hoặc phiên làm việc đã hết hạn.",
    "forbidden": "Vai trò của bạn không được dùng chức năng này.",
    "second-factor-due": "Vai trò của bạn phải bật xác thực hai bước trước khi làm việc.",
    "cross-site": "Yêu cầu không đến từ trang này nên bị từ chối. Hãy tải lại trang.",
    "method-not-allowed": "Địa chỉ này không nhận cách gọi đó.",
    "malformed": "Dữ liệu gửi lên không đúng quy cách.",
    "precondition-required": "Cần gửi kèm phiên bản đã đọc (tiêu đề If-Match).",
    "too-large": "Nội dung gửi lên quá lớn.",
    "unexpected": "Có lỗi ngoài dự kiến. Hãy thử lại; nếu còn lỗi, báo người quản trị mã yêu cầu.",
}

# `InvalidInput.reason` and `NotAllowed.reason`.
REASONS: Mapping[str, str] = {
    "empty": "chưa nhập",
    "too_long": "quá dài",
    "too_short": "quá ngắn",
    "out_of_range": "ngoài khoảng cho phép",
    "unknown": "không có trong danh mục",
    "malformed": "không đúng quy cách",
    "taken": "đã có người dùng",
    "itself": "không thể chọn chính mình",
    "in_the_future": "không được ở tương lai",
    "too_early": "sớm hơn ngày cho phép",
    "unchanged": "không có gì thay đổi",
    "had_it_before": "cơ quan này đang giữ hoặc đã từng giữ đơn",
    "already_handled": "đơn đã được xử lý, không sửa lại hướng chuyển được nữa",
    "already_received": "đã ghi nhận đơn ký tên",
    "other_agency": "việc này thuộc cơ quan khác",
    "may_not_see": "người này không được xem đơn",
    "too_large": "quá lớn",
    "not_taken": "loại tệp không được nhận",
    "damaged": "tệp hỏng",
    "missing": "tệp không còn trong kho",
    "infected": "có mã độc, đã cách ly",
    "document_not_taken": "chỉ nhận PDF, Word (doc, docx) không có macro, ảnh jpg, png; "
    "loại tệp được xét theo nội dung, không theo tên",
    "document_too_large": "lớn hơn 5 MB; hãy giảm dung lượng hoặc tách tệp",
    "document_infected": "có mã độc nên không được lưu",
    "antivirus_away": "chương trình quét mã độc chưa trả lời nên tệp chưa được nhận; "
    "xin thử lại sau",
    "too_many_documents": "nhiều nhất 3 tệp",
    "nothing_told": "lần này công dân không được gửi thông báo nên không có gì để kèm",
    "unknown_document": "có tệp không còn chờ gửi; xin chọn lại",
    "not_scanned": "chờ quét mã độc; xin thử lại sau",
    "not_waiting": "thông báo này không chờ gửi lại",
    "role": "vai trò không phù hợp",
    "identity": "không được xem thông tin người gửi",
    "already_recorded": "đã ghi nhận",
    "not_over": "kỳ chưa kết thúc",
    "not_begun": "kỳ chưa bắt đầu",
    "note_required": "cần ghi chú lý do",
    "visits_recorded": "đã có lượt tiếp được ghi",
    "regime_mismatch": "không khớp với loại ngày tiếp",
    "required": "chưa nhập",
    "not_owed": "không phải việc đang phải làm hoặc có thể phát sinh của đơn này",
    "not_asked": "việc này không hỏi giờ",
    "not_recorded": "việc này không có hoặc đã được gỡ",
    "year_gap": "phải nhập lần lượt từng năm, không bỏ cách năm",
    "other_year": "có ngày không thuộc năm đang nhập",
    "twice": "có ngày ghi hai lần",
    "confirmed_already": "năm này đã được xác nhận",
    "weekend": "là ngày nghỉ hằng tuần, không cần ghi là ngày nghỉ",
    "weekday": "là ngày làm việc bình thường, không cần ghi là ngày làm bù",
    "after_receipt": "muộn hơn ngày nhận đơn",
    "other_kind": "không áp dụng cho loại đơn này",
    "not_linked": "chưa liên kết",
    "already_set": "đang bật",
    "not_set": "chưa bật",
    "goes_on": "đơn vẫn tiếp tục hoặc chưa thụ lý nên không có quyết định đình chỉ",
}

# Form fields and `InvalidInput.field`.
FIELDS: Mapping[str, str] = {
    "text": "Nội dung",
    "people": "Số người",
    "instance": "Lần giải quyết",
    "ground": "Căn cứ",
    "agency": "Cơ quan",
    "kind": "Loại đơn",
    "on": "Ngày",
    "to": "Đến",
    "document_number": "Số văn bản",
    "step": "Việc đã ghi",
    "mistake": "Lý do gỡ",
    "notice": "Thông báo",
    "verdict": "Kết luận",
    "remedies": "Kiến nghị xử lý",
    "criteria": "Tiêu chí phức tạp",
    "reason": "Lý do",
    "message": "Nội dung yêu cầu",
    "explanation": "Giải thích",
    "fields": "Lĩnh vực",
    "goes_on": "Vẫn tiếp tục giải quyết",
    "event": "Việc đã làm",
    "representatives": "Số người đại diện",
    "appointment": "Văn bản cử người đại diện",
    "all_signed": "Đủ chữ ký của tất cả mọi người",
    "decision_known_on": "Ngày nhận hoặc biết quyết định, hành vi",
    "first_decision_number": "Số quyết định giải quyết lần đầu",
    "first_unsettled": "Hết hạn lần đầu mà chưa được giải quyết",
    "obstacle": "Trở ngại",
    "acceptance_rule": "Thời hạn thụ lý áp dụng",
    "anonymous": "Không rõ người viết đơn",
    "remote": "Vùng sâu, vùng xa",
    "several_places": "Kiểm tra tại nhiều địa điểm",
    "dismissal": "Kỷ luật buộc thôi việc",
    "as_information": "Thông tin có nội dung tố cáo",
    "other_competence": "Không thuộc thẩm quyền của cơ quan này",
    "facts": "Tình tiết",
    "forwarded_by_elected_body": "Do cơ quan dân cử, đại biểu hoặc Ban Tiếp công dân chuyển đến",
    "presented_in_person": "Tố cáo trực tiếp",
    "already_sent_to_competent_body": "Đã gửi cơ quan có thẩm quyền",
    "state_secret": "Tài liệu thuộc bí mật nhà nước",
    "at": "Giờ",
    "days_off": "Các ngày nghỉ",
    "days_worked": "Các ngày làm bù",
    "part": "Chỉ rút một phần nội dung",
    "termination_number": "Số quyết định đình chỉ",
    "username": "Tên đăng nhập",
    "display_name": "Họ tên hiển thị",
    "password": "Mật khẩu",
    "current_password": "Mật khẩu hiện nay",
    "role": "Vai trò",
    "label": "Tên khóa",
    "day": "Ngày",
    "decision": "Số quyết định",
    "active": "Đang hoạt động",
    "handles_denunciations": "Được phân công xử lý tố cáo",
    "working": "Loại ngày",
    "after": "Vị trí trang",
    "limit": "Số dòng",
    "status": "Trạng thái",
    "due_before": "Đến hạn trước ngày",
    "received_from": "Nhận từ ngày",
    "received_until": "Nhận đến ngày",
    "assigned": "Người xử lý",
    "q": "Từ khóa",
    "if-match": "Phiên bản (If-Match)",
    "version": "Phiên bản",
    "body": "Dữ liệu",
    "confirm": "Ô xác nhận",
    "file": "Tệp",
    "document_1": "Tệp thứ nhất",
    "document_2": "Tệp thứ hai",
    "document_3": "Tệp thứ ba",
    "format": "Định dạng",
    "email": "Thư điện tử",
    "year": "Năm",
    "summary": "Tóm tắt nội dung",
    "target": "Cơ quan có thẩm quyền",
    "documents": "Tài liệu kèm theo",
    "held": "Có tổ chức tiếp",
    "note": "Ghi chú",
    "claims": "Số liệu nêu trong báo cáo",
    "nobody_came": "Không có công dân đến",
    "forms": "Biểu mẫu",
    "form": "Biểu mẫu",
    "form_set": "Bộ biểu mẫu",
    "regime": "Loại tiếp",
    "entry": "Mục ghi sổ",
    "reception_day": "Ngày tiếp công dân",
    "statements": "Xác nhận",
    "period": "Kỳ báo cáo",
    "scope": "Phạm vi",
    "cases": "Vụ việc",
    "group_threshold": "Mức đoàn đông người",
    "received_by": "Người tiếp",
    "way": "Cách nhận thông báo",
    "code": "Mã xác nhận",
    "otp": "Mã xác thực hai bước",
    "second_factor": "Xác thực hai bước",
}

KINDS: Mapping[str, str] = {
    "KN": "Khiếu nại",
    "KN_KL": "Khiếu nại kỷ luật",
    "TC": "Tố cáo",
    "KNPA": "Kiến nghị, phản ánh",
    "PAKN": "Phản ánh quy định hành chính",
    "MIXED": "Nhiều nội dung",
    "OTHER": "Không phải đơn",
}
# What a list says instead of the first words of a petition that may hold a denunciation.
PROTECTED: Mapping[str, str] = {
    "TC": "Nội dung tố cáo được bảo vệ, mở đơn để xem",
    "MIXED": "Đơn có thể có nội dung tố cáo, được bảo vệ, mở đơn để xem",
}

STATUSES: Mapping[str, str] = {
    "received": "Đã tiếp nhận",
    "awaiting_information": "Chờ bổ sung",
    "accepted": "Đang giải quyết",
    "suspended": "Tạm đình chỉ",
    "answered": "Đã trả lời",
    "rejected": "Không thụ lý",
    "guided": "Đã hướng dẫn",
    "withdrawn": "Đã rút",
    "closed": "Đã kết thúc",
}

ROLES: Mapping[str, str] = {
    "reception_desk": "Tiếp công dân",
    "agency_clerk": "Cán bộ xử lý",
    "head": "Lãnh đạo",
    "reporting": "Tổng hợp, báo cáo",
    "administrator": "Quản trị",
    "citizen": "Công dân",
    "system": "Hệ thống",
}

# Buttons; also “Không thể … khi đơn đang ở trạng thái …”.
ACTIONS: Mapping[str, str] = {
    "accept": "Thụ lý",
    "reject": "Không thụ lý",
    "guide": "Hướng dẫn",
    "forward": "Chuyển đơn",
    "reroute": "Sửa cơ quan nhận",
    "reclassify": "Phân loại lại",
    "receive-signed": "Ghi nhận đơn ký tên",
    "assign": "Phân công",
    "request-information": "Yêu cầu bổ sung",
    "add-information": "Bổ sung thông tin",
    "extend": "Gia hạn",
    "suspend": "Tạm đình chỉ",
    "resume": "Tiếp tục giải quyết",
    "answer": "Trả lời",
    "close": "Kết thúc",
    "reopen": "Mở lại",
    "withdraw": "Ghi nhận rút đơn",
    "link": "Gộp vụ việc",
    "record-step": "Ghi việc đã làm, việc phát sinh",
    "take-back-step": "Gỡ việc ghi nhầm",
}

# What an action does, one line above its form.
ACTION_HELP: Mapping[str, str] = {
    "accept": "Bắt đầu tính thời hạn giải quyết từ ngày thụ lý. Công dân nhận thông báo.",
    "reject": "Chọn căn cứ pháp luật. Công dân nhận lý do và căn cứ. Đơn được lưu.",
    "guide": "Hướng dẫn công dân gửi đến đúng nơi có thẩm quyền. Hồ sơ không chuyển đi.",
    "forward": "Chuyển hồ sơ đến cơ quan có thẩm quyền và báo cho công dân.",
    "reroute": "Sửa đề xuất của máy khi chưa cơ quan nào xử lý; không tính là chuyển đơn.",
    "reclassify": "Phân loại theo nội dung, không theo tên đơn. Thời hạn được tính lại.",
    "receive-signed": "Đơn có chữ ký hoặc điểm chỉ đã đến: thời hạn pháp luật chạy từ ngày này.",
    "assign": "Giao đơn cho một cán bộ cùng cơ quan.",
    "request-information": "Câu hỏi được gửi đến đúng kênh công dân đã dùng.",
    "add-information": "Ghi thêm thông tin công dân cung cấp trực tiếp hoặc qua điện thoại.",
    "extend": "Chỉ khi thời hạn còn chạy; phải nêu tiêu chí phức tạp và số văn bản.",
    "suspend": "Những ngày tạm đình chỉ không tính vào thời hạn.",
    "resume": "Thời hạn tiếp tục, lùi đúng số ngày đã tạm đình chỉ.",
    "answer": "Ghi văn bản trả lời, quyết định giải quyết hoặc kết luận. Công dân nhận thông báo.",
    "close": "Kết thúc hồ sơ. Hồ sơ được lưu.",
    "reopen": "Xử lý lại từ đầu với thời hạn mới; quá trình cũ vẫn được giữ.",
    "withdraw": "Rút toàn bộ, một phần, hoặc một số người rút; phần còn lại vẫn tiếp tục.",
    "link": "Gộp với một đơn khác về cùng vụ việc. Mỗi đơn vẫn giữ thời hạn riêng.",
    "record-step": "Ghi một việc luật định đã làm xong, hoặc một việc mới làm phát sinh thời hạn.",
    "take-back-step": "Thời hạn tính lại như chưa ghi; lịch sử vẫn giữ. Sửa ngày: gỡ rồi ghi lại.",
}

# Timeline events, past tense; {…} are the entry's values, already worded.
EVENTS: Mapping[str, str] = {
    "petition_filed": "Công dân gửi đơn",
    "petition_accepted": "Thụ lý đơn",
    "information_requested": "Yêu cầu công dân bổ sung",
    "information_added": "Bổ sung thông tin",
    "file_quarantined": "Cách ly tệp có mã độc",
    "documents_sent": "Gửi văn bản cho công dân",
    "notice_retried": "Cho gửi lại thông báo",
    "original_file_taken": "Lấy bản gốc của tệp",
    "signed_petition_received": "Ghi nhận đơn ký tên",
    "petition_forwarded": "Chuyển đơn",
    "route_corrected": "Sửa cơ quan nhận",
    "petition_reclassified": "Phân loại lại",
    "petitioner_guided": "Hướng dẫn công dân",
    "petition_rejected": "Không thụ lý",
    "term_extended": "Gia hạn",
    "handling_suspended": "Tạm đình chỉ giải quyết",
    "handling_resumed": "Tiếp tục giải quyết",
    "petition_answered": "Trả lời công dân",
    "petition_closed": "Kết thúc hồ sơ",
    "petition_reopened": "Mở lại hồ sơ",
    "petition_withdrawn": "Rút đơn",
    "petition_assigned": "Phân công xử lý",
    "petition_linked": "Gộp vụ việc",
    "step_recorded": "Ghi việc đã làm, việc phát sinh",
    "step_taken_back": "Gỡ việc ghi nhầm",
    "complained_again": "Có khiếu nại lần hai",
    "petition_withdrawn_in_part": "Rút một phần đơn",
    "letter_printed": "In văn bản",
    "identity_read": "Xem thông tin người gửi",
    "deadline_moved": "Thời hạn thay đổi do lịch làm việc",
    "deadline_missed": "Quá thời hạn",
    "petition_rehomed": "Chuyển sang cơ quan kế thừa",
}

# Values of timeline entries: their labels, in the order they are shown.
# What the antivirus program said of a file; "held": it has not looked yet, and must first.
FILE_STATES: Mapping[str, str] = {
    "waiting": "chưa quét mã độc",
    "held": "chờ quét mã độc, chưa mở được",
    "clean": "đã quét, không thấy mã độc",
    "infected": "có mã độc, đã cách ly",
}

# Why a recorded step is taken back.
MISTAKES: Mapping[str, str] = {
    "wrong_day": "Ghi sai ngày",
    "wrong_step": "Ghi nhầm việc khác",
    "wrong_petition": "Ghi nhầm đơn khác",
    "not_done": "Việc chưa thực hiện",
}

EVENT_VALUES: Mapping[str, str] = {
    "finding": "mã độc",
    "documents": "văn bản",
    "notice": "thông báo số",
    "kind": "loại",
    "from": "từ",
    "to": "đến",
    "on": "ngày",
    "ground": "căn cứ",
    "criteria": "tiêu chí",
    "document_number": "văn bản số",
    "verdict": "kết luận",
    "files": "tệp",
    "goes_on": "vẫn tiếp tục giải quyết",
    "reason": "lý do",
    "rule": "thời hạn",
    "step": "việc",
    "mistake": "lý do",
    "at": "giờ",
    "facts": "tình tiết",
    "letter": "văn bản",
    "people": "số người",
    "part": "một phần nội dung",
    "termination_number": "quyết định đình chỉ số",
    "representatives": "số người đại diện",
    "decision_known_on": "nhận hoặc biết quyết định ngày",
    "first_decision_number": "quyết định lần đầu số",
    "first_unsettled": "lần đầu hết hạn chưa giải quyết",
    "obstacle": "trở ngại",
    "acceptance_rule": "cán bộ xác nhận áp dụng",
    "as_information": "thông tin có nội dung tố cáo",
    "remote": "vùng sâu, vùng xa",
    "several_places": "kiểm tra nhiều địa điểm",
    "dismissal": "buộc thôi việc",
}

SOURCES: Mapping[str, str] = {
    "web": "Trang web",
    "telegram": "Telegram",
    "zalo_oa": "Zalo OA",
    "zalo_bot": "Zalo Bot",
    "terminal": "Máy tại quầy",
    "open311": "Open311",
    "reception": "Tiếp công dân",
    "post": "Bưu chính",
    "forwarded": "Cơ quan khác chuyển đến",
    "reopened": "Mở lại",
}

NOTICES: Mapping[str, str] = {
    "filed": "Biên nhận",
    "accepted": "Thông báo thụ lý",
    "rejected": "Thông báo không thụ lý",
    "guided": "Hướng dẫn",
    "forwarded": "Thông báo chuyển đơn",
    "signed_received": "Đã nhận đơn ký tên",
    "reclassified": "Thông báo phân loại lại",
    "information_requested": "Yêu cầu bổ sung",
    "extended": "Thông báo gia hạn",
    "suspended": "Thông báo tạm đình chỉ",
    "resumed": "Thông báo tiếp tục giải quyết",
    "answered": "Thông báo kết quả",
    "closed": "Thông báo kết thúc",
    "reopened": "Thông báo mở lại",
    "withdrawn": "Xác nhận rút đơn",
    "part_withdrawn": "Xác nhận rút một phần",
    "deadline_missed": "Thông báo chậm hạn",
    "rehomed": "Thông báo cơ quan kế thừa",
}

NOTICE_STATES: Mapping[str, str] = {
    "ready": "Chờ gửi",
    "leased": "Đang gửi",
    "sent": "Đã gửi",
    "held": "Chưa báo được cho người dân",
    "dead": "Không báo được cho người dân",
    "no_channel": "Báo bằng văn bản hoặc điện thoại",
}

# How far a document behind a notice has come.
DOCUMENT_STATES: Mapping[str, str] = {
    "waiting": "chờ gửi",
    "sent": "đã gửi",
    "shown": "đã hiện trong cuộc trò chuyện trên trang web",
    "by_code": "chờ công dân mở trên trang web bằng mã đơn và mã bí mật",
}

# How a document will reach the citizen, by the channel of the petition; "secret": it may hold a
# denunciation.
DOCUMENT_WAYS: Mapping[str, str] = {
    "secret": "Đơn có hoặc có thể có nội dung tố cáo: tệp không đi qua Zalo, Telegram; người gửi "
    "mở trên trang web bằng mã đơn và mã bí mật. Không để họ tên, bút tích, địa chỉ người tố cáo "
    "trong tệp và trong tên tệp.",
    "web": "Công dân xem và tải về ngay trong cuộc trò chuyện trên trang web.",
    "telegram": "Tệp được gửi qua Telegram, ngay sau lời báo.",
    "zalo_oa": "Tệp được gửi qua Zalo, ngay sau lời báo; nếu đã lâu công dân không nhắn thì gửi "
    "khi họ nhắn lại.",
    "elsewhere": "Kênh của công dân không nhận được tệp: họ mở trên trang web bằng mã đơn và mã bí "
    "mật. Cần thì gửi thêm bản giấy.",
}

# Why a notice did not reach the citizen, by what the channel said; "other": its own code.
NOTICE_REASONS: Mapping[str, str] = {
    "WindowClosed": "đã lâu người dân không nhắn vào kênh; tin sẽ tự gửi khi họ nhắn lại",
    "NoRoute": "kênh không cho gửi, không có số điện thoại nhận tin; sẽ tự gửi khi họ nhắn lại",
    "Withdrawn": "người dân đã rút lại sự đồng ý nhận tin",
    "DocumentsWait": "đã báo bằng tin mẫu; văn bản kèm theo sẽ tự gửi khi người dân nhắn lại",
    "UploadsUsedUp": "kênh đã hết lượt tải tệp của tháng; sẽ tự gửi khi người dân nhắn lại",
    "document:missing": "tệp kèm theo không còn trong kho",
    "document:damaged": "tệp kèm theo trong kho bị hỏng",
    "Forbidden": "người dân đã chặn tài khoản của cơ quan",
    "other": "kênh từ chối hoặc không trả lời (mã {code})",
}

# States of a deadline; "missed_done" is one that was met after its day.
DEADLINE_STATES: Mapping[str, str] = {
    "future": "chưa đến",
    "running": "đang chạy",
    "suspended": "tạm dừng",
    "met": "đúng hạn",
    "missed": "quá hạn",
    "missed_done": "xong nhưng chậm",
    "superseded": "đã thay thế",
}

VERDICTS: Mapping[str, str] = {
    "true": "Đúng",
    "false": "Sai",
    "partly_true": "Có đúng, có sai",
    "upheld": "Giữ nguyên quyết định lần đầu",
    "changed": "Sửa, hủy quyết định lần đầu",
}

# Items of `data/eligibility.toml`.
ITEMS: Mapping[str, str] = {
    "content": "nội dung",
    "decision": "quyết định hoặc hành vi bị khiếu nại",
    "decided_on": "ngày nhận hoặc biết quyết định",
    "demand": "yêu cầu giải quyết",
    "accused": "họ tên, địa chỉ người bị tố cáo",
    "evidence": "thông tin, tài liệu, chứng cứ",
    "name": "họ tên người gửi",
    "address": "địa chỉ người gửi",
    "phone_or_email": "số điện thoại hoặc thư điện tử",
    "signature": "chữ ký hoặc điểm chỉ",
    "appointment": "văn bản cử người đại diện",
    "representatives": "số người đại diện",
    "all_signed": "chữ ký của tất cả người khiếu nại",
    "first_decision_number": "số quyết định giải quyết khiếu nại lần đầu",
    "decision_known_on": "ngày nhận quyết định giải quyết lần đầu",
}

IDENTITY_REASONS: Mapping[str, str] = {
    "contact_petitioner": "Liên hệ, mời làm việc với người gửi",
    "prepare_document": "Soạn văn bản gửi người gửi",
    "verify_identity": "Xác minh người gửi",
    "lawful_request": "Theo yêu cầu bằng văn bản của cơ quan có thẩm quyền",
}

DOCUMENT_ORIGINS: Mapping[str, str] = {
    "upload": "tệp tải lên",
    "letter": "văn bản in từ hệ thống",
}

PETITIONER_ROLES: Mapping[str, str] = {
    "petitioner": "Người gửi",
    "representative": "Người đại diện",
    "co_petitioner": "Người cùng gửi",
}

DAYS_LEFT: Mapping[str, str] = {
    "none": "không có",
    "overdue": "quá {days} ngày",
    "today": "hôm nay",
    "left": "còn {days} ngày",
}

AGES: Mapping[str, str] = {
    "now": "vừa xong",
    "minutes": "{count} phút trước",
    "hours": "{count} giờ trước",
    "today": "hôm nay",
    "days": "{count} ngày trước",
}

# What officers are told, as the short name beside the sentence.
OFFICER_NOTICES: Mapping[str, str] = {
    "overdue": "Quá hạn",
    "due_today": "Đến hạn hôm nay",
    "due_soon": "Sắp đến hạn",
    "unassigned": "Chưa ai nhận",
    "assigned": "Được giao",
    "new": "Đơn mới",
    "information_added": "Công dân bổ sung",
    "duty_missed": "Thiếu ngày tiếp công dân",
    "duty_due": "Sắp hết kỳ tiếp công dân",
}

# How an officer is told besides the console.
WAYS: Mapping[str, str] = {
    "email": "Thư điện tử",
    "telegram": "Telegram",
    "zalo_bot": "Zalo Bot",
}

TOPICS: Mapping[str, str] = {
    "new": "Đơn mới của cơ quan, đơn chưa ai nhận",
    "assigned": "Đơn được giao cho tôi",
    "information": "Công dân bổ sung thông tin",
    "due_soon": "Đơn sắp đến hạn, đến hạn hôm nay",
    "overdue": "Đơn quá hạn",
    "duty": "Ngày tiếp công dân định kỳ còn thiếu",
    "digest": "Bản tổng hợp đầu giờ làm việc: những việc chưa báo riêng",
}

REMEDIES: Mapping[str, str] = {
    "state_money": "Thu hồi cho Nhà nước (triệu đồng)",
    "state_land": "Thu hồi đất cho Nhà nước (m²)",
    "returned_money": "Trả lại (triệu đồng)",
    "returned_land": "Trả lại đất (m²)",
    "returned_organisations": "Tổ chức được trả lại quyền lợi",
    "returned_people": "Cá nhân được trả lại quyền lợi",
    "disciplined_organisations": "Tổ chức bị xử lý",
    "disciplined_people": "Cá nhân bị xử lý hành chính",
    "disciplined_officials": "trong đó cán bộ, công chức",
    "police_cases": "Vụ chuyển cơ quan điều tra",
    "police_people": "Người bị chuyển cơ quan điều tra",
    "police_officials": "trong đó cán bộ, công chức",
}

UNKNOWN = "—"
YES = "có"
