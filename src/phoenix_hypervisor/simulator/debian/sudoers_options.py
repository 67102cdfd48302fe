"""The names of Defaults that sudo knows. Source: sudoers(5), "SUDOERS OPTIONS"."""

from __future__ import annotations

_BOOLEANS = """
always_query_group_plugin always_set_home authenticate case_insensitive_group case_insensitive_user
closefrom_override compress_io env_editor env_reset exec_background fast_glob fqdn ignore_audit_errors ignore_dot
ignore_iolog_errors ignore_local_sudoers ignore_logfile_errors ignore_unknown_defaults insults intercept
log_allowed log_denied log_host log_input log_output log_stderr log_stdin log_stdout log_subcmds log_ttyin
log_ttyout log_year long_otp_prompt mail_all_cmnds mail_always mail_badpass mail_no_host mail_no_perms
mail_no_user match_group_by_gid netgroup_tuple noexec pam_acct_mgmt pam_rhost pam_ruser pam_session pam_setcred
passprompt_override path_info preserve_groups pwfeedback requiretty root_sudo rootpw runas_allow_unknown_id
runas_check_shell runaspw selinux set_home set_logname set_utmp setenv shell_noargs stay_setuid sudoedit_checkdir
sudoedit_follow syslog_pid targetpw tty_tickets umask_override use_loginclass use_netgroups use_pty
user_command_timeouts utmp_runas visiblepw
"""
_VALUES = """
admin_flag apparmor_profile badpass_message closefrom cmddenial_message command_timeout editor env_check
env_delete env_file env_keep exempt_group fdexec group_plugin intercept_type iolog_dir iolog_file iolog_flush
iolog_group iolog_mode iolog_user lecture lecture_file lecture_status_dir limitprivs listpw log_format
log_server_cabundle log_servers logfile loglinelen mailerflags mailerpath mailfrom mailsub mailto maxseq
noexec_file pam_askpass_service pam_login_service pam_service passprompt passwd_timeout passwd_tries privs
restricted_env_file rlimit_core rlimit_nofile rlimit_nproc role runas_default runchroot runcwd secure_path
sudoers_locale syslog syslog_badpri syslog_goodpri syslog_maxlen timestamp_timeout timestamp_type timestampdir
timestampowner type umask verifypw
"""
BOOLEANS, VALUES = frozenset(_BOOLEANS.split()), frozenset(_VALUES.split())
